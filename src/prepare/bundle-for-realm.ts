import { isBuiltin } from 'node:module'
import type { Plugin } from 'esbuild'
import { bundleModule } from '../bundles/bundle-module.js'
import type { Purpose } from './realm.js'

/**
 * Makes one file of a module and all that it imports: CommonJS, so that it can be loaded into a realm of its own. The same
 * sources give the same bytes, wherever the project lies.
 * @throws RefitError `module-not-bundled`, also when it imports something of Node.js
 */
export async function bundleForRealm(projectFolder: string, path: string, outfile: string, purpose: Purpose): Promise<void> {
  await bundleModule(projectFolder, path, outfile, {
    format: 'cjs',
    // Stacks name lines of this file: a map would put the paths of this machine into the model's digest.
    sourcemap: false,
    charset: 'utf8',
    banner: { js: "'use strict';" },
    plugins: [languageOnly(purpose)],
  })
}

const languageOnly = (purpose: Purpose): Plugin => ({
  name: 'language-only',
  setup: (build) => {
    build.onResolve({ filter: /.*/ }, ({ path }) => (isBuiltin(path) ? { errors: [{ text: `it imports ${path}: a row is ${purpose} from its own values alone, with the language and packages that need no more` }] } : undefined))
  },
})
