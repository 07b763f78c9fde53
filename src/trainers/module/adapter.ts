import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { Value } from 'typebox/value'
import { refitError } from '../../errors.js'
import type { Trainer } from '../trainer.js'
import { kind, options } from './definition.js'

/** Bundles the project's module and runs it in a process of its own. */
export const moduleTrainer: Trainer = {
  kind,
  command: async (request) => {
    const { path, predictor } = Value.Parse(options, request.options)
    const bundle = join(request.attemptFolder, 'trainer.mjs')
    await bundleModule(request.projectFolder, path, bundle)
    if (predictor !== undefined) await bundleModule(request.projectFolder, predictor, join(request.modelFolder, 'predictor.mjs'))
    return {
      command: process.execPath,
      arguments: ['--enable-source-maps', fileURLToPath(new URL('./run-module-child.bundle.js', import.meta.url)), bundle],
      environment: {},
      workingFolder: request.projectFolder,
    }
  },
}

async function bundleModule(projectFolder: string, path: string, outfile: string): Promise<void> {
  try {
    await build({
      absWorkingDir: projectFolder,
      entryPoints: [path],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      sourcemap: 'inline',
      sourcesContent: false,
      logLevel: 'silent',
      // CommonJS packages in the bundle look for `require`.
      banner: { js: "import { createRequire as refitCreateRequire } from 'node:module'; const require = refitCreateRequire(import.meta.url);" },
    })
  } catch (error) {
    throw refitError('module-not-bundled', { path, reason: error instanceof Error ? error.message : String(error) }, { cause: error })
  }
}
