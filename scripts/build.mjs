// Compiles src, test, bench and examples to dist, bundles what runs as a child, and copies what is not TypeScript.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const dist = join(root, 'dist')

/** A file removed or renamed in the sources must not live on in dist, where the tests would find it. */
function removeOrphans() {
  if (!existsSync(dist)) return
  for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.js')) continue
    const compiled = join(entry.parentPath, entry.name)
    const source = join(root, relative(dist, compiled)).replace(/(\.bundle)?\.js$/, '.ts')
    if (!existsSync(source)) for (const ending of ['.js', '.js.map', '.d.ts']) rmSync(compiled.replace(/\.js$/, ending), { force: true })
  }
}

/** Plain JavaScript in many files; what is native stays outside. */
const bundled = new Set(['typebox', '@duckdb/node-api'])

/** A child or thread lives for a second or two, or is waited for: reading one file instead of hundreds halves the time until it works. */
async function bundleChildren() {
  const children = readdirSync(join(dist, 'src'), { recursive: true }).filter((name) => /-(child|thread)\.js$/.test(name))
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  await Promise.all(
    children.map((name) =>
      build({
        entryPoints: [join(dist, 'src', name)],
        outfile: join(dist, 'src', name.replace(/\.js$/, '.bundle.js')),
        bundle: true,
        platform: 'node',
        format: 'esm',
        target: 'node20',
        logLevel: 'error',
        // CommonJS packages in the bundle look for `require`.
        banner: { js: "import { createRequire as refitCreateRequire } from 'node:module'; const require = refitCreateRequire(import.meta.url);" },
        external: Object.keys(dependencies).filter((dependency) => !bundled.has(dependency)).concat('@duckdb/node-bindings'),
      }),
    ),
  )
}

removeOrphans()
const compiled = spawnSync(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', root], { cwd: root, stdio: 'inherit' })
if (compiled.status !== 0) process.exit(compiled.status ?? 1)
await bundleChildren()
const python = readdirSync(join(root, 'src'), { recursive: true }).filter((name) => name.endsWith('.py'))
for (const name of python) cpSync(join(root, 'src', name), join(dist, 'src', name))
const migrations = join('src', 'database', 'migrations')
mkdirSync(join(dist, migrations), { recursive: true })
cpSync(join(root, migrations), join(dist, migrations), { recursive: true })
