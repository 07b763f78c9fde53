import { Type, type Static } from 'typebox'
import type { StoredColumn } from '../define/stored-definition.js'
import { Signature, SignatureColumn } from '../packages/manifest.js'

/** What a client of a model sends and reads, as far as its types say. */
export const ClientShape = Type.Object({
  formatVersion: Type.Literal(1),
  task: Signature.properties.task,
  inputs: Type.Array(
    Type.Object({
      ...SignatureColumn.properties,
      /** The categories that it may send; absent: any. */
      values: Type.Optional(Type.Array(Type.String())),
    }),
  ),
  /** The classes that it expects, sorted; none for a regression. */
  classes: Type.Array(Type.String()),
})
export type ClientShape = Static<typeof ClientShape>

/** The shape of the clients of a version, by its signature and the columns that it was made under. Equal where their types are. */
export function clientShape({ task, inputs, classes }: Signature, columns: Readonly<Record<string, StoredColumn>>): ClientShape {
  return {
    formatVersion: 1,
    task,
    inputs: inputs
      .map(({ name, type, optional }) => {
        const values = type === 'category' && Object.hasOwn(columns, name) ? columns[name]?.values : undefined
        return { name, type, optional, ...(values === undefined ? {} : { values: values.toSorted() }) }
      })
      .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    classes: classes.toSorted(),
  }
}
