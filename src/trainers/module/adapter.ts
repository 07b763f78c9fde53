import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Value } from 'typebox/value'
import { bundleModule, withRequire } from '../../bundles/bundle-module.js'
import type { Trainer } from '../trainer.js'
import { kind, options } from './definition.js'

/** Bundles the project's module and runs it in a process of its own. */
export const moduleTrainer: Trainer = {
  kind,
  weighs: true,
  tracks: true,
  command: async (request) => {
    const { path, predictor } = Value.Parse(options, request.options)
    const bundle = join(request.attemptFolder, 'trainer.mjs')
    await bundleModule(request.projectFolder, path, bundle, { banner: withRequire })
    if (predictor !== undefined) await bundleModule(request.projectFolder, predictor, join(request.modelFolder, 'predictor.mjs'), { banner: withRequire })
    return {
      command: process.execPath,
      arguments: ['--enable-source-maps', fileURLToPath(new URL('./run-module-child.bundle.js', import.meta.url)), bundle],
      environment: {},
      workingFolder: request.projectFolder,
    }
  },
}
