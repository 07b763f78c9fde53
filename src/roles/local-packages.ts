import { mkdir, readdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { ObjectStore } from '../objects/object-store.js'
import { readExample } from '../packages/example.js'
import { fetchPackage } from '../packages/store.js'
import type { LiveSetOptions } from '../serving/live-set.js'

/** The packages that serving has on its own disk, from where it loads them. */
export interface LocalPackages extends Pick<LiveSetOptions, 'fetchPackage' | 'load'> {
  /** Removes all but these, and those that are being loaded. */
  keepOnly(digests: ReadonlySet<string>): Promise<void>
}

/** Where they lie in a state folder. */
function folderOf(stateFolder: string): string {
  return join(stateFolder, 'serving', 'packages')
}

export async function openLocalPackages(stateFolder: string, objects: ObjectStore, load: LiveSetOptions['load']): Promise<LocalPackages> {
  const packages = folderOf(stateFolder)
  await mkdir(packages, { recursive: true })
  /** Digests, each as often as it is being loaded. */
  const loading: string[] = []
  const release = (digest: string): void => void loading.splice(loading.indexOf(digest), 1)
  return {
    fetchPackage: async (digest) => {
      const folder = join(packages, digest)
      loading.push(digest)
      try {
        return { folder, manifest: await fetchPackage(objects, digest, folder), example: await readExample(folder) }
      } catch (error) {
        release(digest)
        throw error
      }
    },
    load: async (folder, manifest) => {
      try {
        return await load(folder, manifest)
      } finally {
        release(basename(folder))
      }
    },
    keepOnly: async (digests) => {
      for (const name of await readdir(packages)) if (!digests.has(name) && !loading.includes(name) && !name.endsWith('.tmp')) await rm(join(packages, name), { recursive: true, force: true })
    },
  }
}

/** A process that was killed while it fetched a package leaves a folder that nobody will finish. To be called where no other process of the state folder serves. */
export async function removeHalfFetched(stateFolder: string): Promise<void> {
  const packages = folderOf(stateFolder)
  await mkdir(packages, { recursive: true })
  for (const name of await readdir(packages)) if (name.endsWith('.tmp')) await rm(join(packages, name), { recursive: true, force: true })
}
