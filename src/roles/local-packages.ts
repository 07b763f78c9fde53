import { mkdir, readdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { ObjectStore } from '../objects/object-store.js'
import { readExample } from '../packages/example.js'
import { fetchPackage } from '../packages/store.js'
import type { LiveSetOptions } from '../serving/live-set.js'

/** What one process needs of the packages on disk, told to whoever removes the others. */
export interface NeededPackages {
  /** This one, too; when this resolves, nobody removes it. */
  add(digest: string): Promise<void>
  /** Only these from now on. */
  replace(digests: readonly string[]): Promise<void>
}

/** The packages that serving has on its own disk, from where it loads them. */
export interface LocalPackages extends Pick<LiveSetOptions, 'fetchPackage' | 'load'> {
  /** Needs no others any more than these, those that are loaded, and those that are being loaded. */
  keepOnly(digests: ReadonlySet<string>): Promise<void>
}

/** Where they lie in a state folder. */
function folderOf(stateFolder: string): string {
  return join(stateFolder, 'serving', 'packages')
}

/** The packages of one process; `needed` says which it needs. */
export async function openLocalPackages(stateFolder: string, objects: ObjectStore, needed: NeededPackages, load: LiveSetOptions['load']): Promise<LocalPackages> {
  const packages = folderOf(stateFolder)
  await mkdir(packages, { recursive: true })
  /** Digests, each as often as it is loaded or being loaded: a thread or worker that ends is started from its folder again. */
  const used: string[] = []
  const release = (digest: string): void => void used.splice(used.indexOf(digest), 1)
  return {
    fetchPackage: async (digest) => {
      const folder = join(packages, digest)
      used.push(digest)
      try {
        await needed.add(digest)
        return { folder, manifest: await fetchPackage(objects, digest, folder), example: await readExample(folder) }
      } catch (error) {
        release(digest)
        throw error
      }
    },
    load: async (folder, manifest) => {
      const digest = basename(folder)
      try {
        const predictor = await load(folder, manifest)
        return { ...predictor, close: () => predictor.close().finally(() => release(digest)) }
      } catch (error) {
        release(digest)
        throw error
      }
    },
    keepOnly: (digests) => needed.replace([...new Set([...digests, ...used])]),
  }
}

/**
 * Removes what none of several processes needs; gives each of them, by its number from 1, whom to tell what it needs. Nothing
 * is removed until each has said once what it needs alone. What one has needed that ends is needed until the one in its place
 * has said so.
 */
export function sharePackages(stateFolder: string, processes: number): (number: number) => NeededPackages {
  const packages = folderOf(stateFolder)
  const needed = new Map<number, Set<string>>()
  const settled = new Set<number>()
  let removing: Promise<void> = Promise.resolve()
  const remove = async (): Promise<void> => {
    if (settled.size < processes) return
    for (const name of await readdir(packages)) {
      const isNeeded = [...needed.values()].some((digests) => digests.has(name))
      if (!isNeeded && !name.endsWith('.tmp')) await rm(join(packages, name), { recursive: true, force: true })
    }
  }
  return (number) => ({
    add: async (digest) => {
      needed.set(number, new Set(needed.get(number)).add(digest))
      // One that is being removed is fetched again.
      await removing
    },
    replace: async (digests) => {
      needed.set(number, new Set(digests))
      settled.add(number)
      const removed = removing.then(remove)
      removing = removed.catch(() => undefined)
      await removed
    },
  })
}

/** A process that was killed while it fetched a package leaves a folder that nobody will finish. To be called where no other process of the state folder serves. */
export async function removeHalfFetched(stateFolder: string): Promise<void> {
  const packages = folderOf(stateFolder)
  await mkdir(packages, { recursive: true })
  for (const name of await readdir(packages)) if (name.endsWith('.tmp')) await rm(join(packages, name), { recursive: true, force: true })
}
