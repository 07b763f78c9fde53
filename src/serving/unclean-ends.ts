import { readFile, rename, writeFile } from 'node:fs/promises'
import { Type } from 'typebox'
import { Value } from 'typebox/value'

/**
 * How often this process has ended, without having been asked to, while the version of a rollout was loaded or being loaded. A
 * version in a thread can end the whole process, and whoever starts it again would begin with that version again.
 */
export interface UncleanEnds {
  of(rollout: string): number
  /** From when it resolves an end of the process counts against the rollout. Never rejects. */
  begin(rollout: string): Promise<void>
  /** Nothing of the rollout is loaded any more, or the process ends as it was asked to. Never rejects. */
  end(rollout: string): Promise<void>
  /** `end`, of all. */
  endAll(): Promise<void>
}

const UncleanEndsFile = Type.Object({ formatVersion: Type.Literal(1), begun: Type.Record(Type.String(), Type.Integer({ minimum: 1 })) })

/** Kept in a file of this process alone. Where it cannot be written, a version is loaded all the same. */
export async function openUncleanEnds(file: string, log: { warn(message: string): void }): Promise<UncleanEnds> {
  const before = await readBegun(file)
  const begun = new Map(before)
  let writing = Promise.resolve()
  const write = (): Promise<void> => {
    writing = writing.then(() => writeBegun(file, begun)).catch((error: unknown) => log.warn(`which rollouts are on could not be noted: ${error instanceof Error ? error.message : String(error)}`))
    return writing
  }
  return {
    of: (rollout) => before.get(rollout) ?? 0,
    begin: async (rollout) => {
      const count = (before.get(rollout) ?? 0) + 1
      // Once for this process, however often it tries.
      if (begun.get(rollout) === count) return
      begun.set(rollout, count)
      await write()
    },
    end: async (rollout) => {
      before.delete(rollout)
      if (begun.delete(rollout)) await write()
    },
    endAll: async () => {
      before.clear()
      begun.clear()
      await write()
    },
  }
}

/** A process may have been killed, but not the machine: what was written is there, whole. */
async function writeBegun(file: string, begun: ReadonlyMap<string, number>): Promise<void> {
  await writeFile(`${file}.tmp`, JSON.stringify({ formatVersion: 1, begun: Object.fromEntries(begun) }))
  await rename(`${file}.tmp`, file)
}

async function readBegun(file: string): Promise<Map<string, number>> {
  try {
    const content: unknown = JSON.parse(await readFile(file, 'utf8'))
    return new Map(Value.Check(UncleanEndsFile, content) ? Object.entries(content.begun) : [])
  } catch {
    // The first start, or nothing that could be read: then nothing is held against a version.
    return new Map()
  }
}
