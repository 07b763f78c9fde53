import { join } from 'node:path'
import { bundleModule, withRequire } from '../bundles/bundle-module.js'
import type { Ingested } from './ingested.js'
import type { LifecycleRun, Rooms } from './run.js'

/**
 * Bundles the modules of the user's own rules and keeps them, by path: a run judges by the bytes that it began with, and
 * they are part of its fingerprint.
 */
export async function keepRules(rooms: Rooms, { definition }: LifecycleRun, folder: string): Promise<Ingested['rules']> {
  const paths = [...new Set(definition.check.flatMap((rule) => (rule.kind === 'own' && 'module' in rule.run ? [rule.run.module] : [])))]
  if (paths.length === 0) return undefined
  const kept = await Promise.all(
    paths.map(async (path, index) => {
      const bundle = join(folder, `rule-${index}.mjs`)
      // Without a map: it would put the paths of this machine into the digest.
      await bundleModule(rooms.projectFolder, path, bundle, { banner: withRequire, sourcemap: false })
      const { key, sha256 } = await rooms.objects.putFile('files', bundle)
      return [path, { object: key, sha256 }] as const
    }),
  )
  return Object.fromEntries(kept)
}
