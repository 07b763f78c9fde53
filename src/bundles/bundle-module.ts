import type { BuildFailure, BuildOptions } from 'esbuild'
import { refitError } from '../errors.js'

/**
 * Makes one file of a module of the project's own and all that it imports; what `options` says comes on top.
 * @throws RefitError `module-not-bundled` that names file and line
 */
export async function bundleModule(projectFolder: string, path: string, outfile: string, options: BuildOptions = {}): Promise<void> {
  // Only here: most of what loads this file never bundles.
  const { build } = await import('esbuild')
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
      ...options,
    })
  } catch (error) {
    throw refitError('module-not-bundled', { path, reason: bundlingFault(error) }, { cause: error })
  }
}

/** For bundles that run in a process of their own: CommonJS packages in them look for `require`. */
export const withRequire = { js: "import { createRequire as refitCreateRequire } from 'node:module'; const require = refitCreateRequire(import.meta.url);" }

/** What esbuild found wrong, with the places. */
export function bundlingFault(error: unknown): string {
  if (!isBuildFailure(error)) return error instanceof Error ? error.message : String(error)
  return error.errors.map(({ text, location }) => (location === null ? text : `${location.file}:${location.line}:${location.column}: ${text}`)).join('; ')
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors)
}
