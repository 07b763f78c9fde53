import { modelColumns } from '../define/resolve-prepare.js'
import type { StoredColumn, StoredPrepare } from '../define/stored-definition.js'
import type { PackagePrepare, PreparedColumn, SignatureColumn } from '../packages/manifest.js'

type Columns = Readonly<Record<string, StoredColumn>>

/** The features among columns, in their order: what callers send, or what a model takes. */
export function inputsOf(columns: Columns): SignatureColumn[] {
  return featuresOf(columns).map(({ name, type, optional }) => ({ name, type, optional }))
}

/** How a package says that its rows are prepared. */
export function packagePrepareOf(columns: Columns, prepare: StoredPrepare): PackagePrepare {
  return { outputs: featuresOf(prepare.columns), features: inputsOf(modelColumns({ columns, prepare })) }
}

function featuresOf(columns: Columns): PreparedColumn[] {
  return Object.entries(columns).flatMap(([name, { role, type, optional, min, max, values }]) =>
    role === 'feature' && type !== 'text' && type !== 'time'
      ? [{ name, type, optional, ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }), ...(values === undefined ? {} : { values }) }]
      : [],
  )
}
