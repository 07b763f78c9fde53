import { Type, type Static } from 'typebox'

export const Parameters = Type.Record(Type.String(), Type.Unknown())
export type Parameters = Static<typeof Parameters>

/** Parameters as SageMaker hands them to a script: `--name value`, or `-n value` where the name is one letter. */
export function parameterArguments(parameters: Parameters): readonly string[] {
  return Object.entries(parameters).flatMap(([name, value]) => {
    const text = argumentText(value)
    return [`${name.length === 1 ? '-' : '--'}${name}`, ...(text === '' ? [] : [text])]
  })
}

/** A value as an argument or a variable: text as it is, anything else as JSON. */
export function parameterText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function argumentText(value: unknown): string {
  if (value === null) return ''
  // As Python writes them.
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  return parameterText(value)
}
