import { execFile } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const modules = fileURLToPath(new URL('../../../node_modules', import.meta.url))

/** Everything that the compiler can be strict about. */
const strictest = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noImplicitOverride: true, noPropertyAccessFromIndexSignature: true, noUnusedLocals: true, noUnusedParameters: true, noImplicitReturns: true, verbatimModuleSyntax: true, erasableSyntaxOnly: true, isolatedModules: true, skipLibCheck: false }

/** What a program runs in: with the types of browsers, or those of Node.js. */
export type Platform = 'browser' | 'node'

/** Compiles the TypeScript files of a folder into its `out`. @throws Error with what the compiler says */
export async function compile(folder: string, files: readonly string[], platform: Platform): Promise<void> {
  const library = platform === 'browser' ? { lib: ['es2022', 'dom'], types: [] } : { lib: ['es2022'], types: ['node'] }
  await mkdir(folder, { recursive: true })
  await symlink(modules, join(folder, 'node_modules')).catch(() => undefined)
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  await writeFile(join(folder, `tsconfig.${platform}.json`), JSON.stringify({ compilerOptions: { ...strictest, ...library, target: 'es2022', module: 'nodenext', moduleResolution: 'nodenext', outDir: 'out', rootDir: '.' }, files }))
  await promisify(execFile)(process.execPath, [join(modules, 'typescript', 'bin', 'tsc'), '-p', join(folder, `tsconfig.${platform}.json`)]).catch((error: unknown) => {
    throw new Error(`the compiler refuses it: ${typeof error === 'object' && error !== null && 'stdout' in error ? String(error.stdout) : String(error)}`)
  })
}
