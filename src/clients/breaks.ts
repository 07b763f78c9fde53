import type { ClientShape } from './client-shape.js'

const MOST_NAMED = 5

/** How clients of one shape would fail at a version of another, a few words each; none where they go on as they are. */
export function breaksOf(client: ClientShape, version: ClientShape): readonly string[] {
  if (client.task !== version.task) return [`it answers a ${version.task} in place of a ${client.task}`]
  return [...inputBreaks(client, version), ...classBreaks(client, version)]
}

/** The endpoint refuses what is missing, of another type, and names that are no input. */
function* inputBreaks(client: ClientShape, version: ClientShape): Generator<string> {
  const sent = new Map(client.inputs.map((input) => [input.name, input]))
  const taken = new Map(version.inputs.map((input) => [input.name, input]))
  for (const input of version.inputs) {
    const known = sent.get(input.name)
    if (known === undefined) {
      if (!input.optional) yield `column ${input.name} is new and required`
      continue
    }
    if (known.type !== input.type) {
      yield `column ${input.name} is a ${input.type}, and was a ${known.type}`
      continue
    }
    if (known.optional && !input.optional) yield `column ${input.name} is required now`
    const { values } = input
    if (values === undefined) continue
    if (known.values === undefined) yield `column ${input.name} allows only some categories now`
    else {
      const gone = known.values.filter((value) => !values.includes(value))
      if (gone.length > 0) yield `column ${input.name} no longer allows ${listed(gone)}`
    }
  }
  for (const { name } of client.inputs) if (!taken.has(name)) yield `column ${name} is gone, and requests that have it are refused`
}

/** Labels are types of their own: whoever reads them has a case for each. */
function* classBreaks(client: ClientShape, version: ClientShape): Generator<string> {
  const gone = client.classes.filter((label) => !version.classes.includes(label))
  const added = version.classes.filter((label) => !client.classes.includes(label))
  if (gone.length > 0) yield `it no longer answers ${listed(gone)}`
  if (added.length > 0) yield `it answers ${listed(added)}, which they do not know`
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMED).map((name) => JSON.stringify(name)).join(', ')
  return names.length > MOST_NAMED ? `${shown} and ${names.length - MOST_NAMED} more` : shown
}
