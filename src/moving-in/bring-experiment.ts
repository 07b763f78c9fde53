import { keptEntries } from './entries.js'
import { once, type ExperimentHere, type Move } from './move.js'

/** The longest value of a tag of an experiment. */
const LONGEST_TAG = 5000

/** The experiment of an id there, by its name and tags; undefined: it is gone. */
export function experimentOf({ source, tally, seen }: Move, id: string): Promise<ExperimentHere | undefined> {
  return once(seen.experiments, id, async () => {
    const found = await source.experiment(id)
    if (found === undefined) return undefined
    const leave = (key: string): void => tally.leave(`tag ${key} of experiment ${found.name}`, 'its name or its value is not one that is taken')
    const tags = keptEntries(found.tags, 'tag', leave)
    for (const { key } of tags.filter(({ value }) => Array.from(value).length > LONGEST_TAG)) leave(key)
    return { experiment_name: found.name, experiment_tags: tags.filter(({ value }) => Array.from(value).length <= LONGEST_TAG) }
  })
}
