// Compiles src, test, bench and examples to dist, and copies what is not TypeScript.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const dist = join(root, 'dist')

/** A file removed or renamed in the sources must not live on in dist, where the tests would find it. */
function removeOrphans() {
  if (!existsSync(dist)) return
  for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.js')) continue
    const compiled = join(entry.parentPath, entry.name)
    const source = join(root, relative(dist, compiled)).replace(/\.js$/, '.ts')
    if (!existsSync(source)) for (const ending of ['.js', '.js.map', '.d.ts']) rmSync(compiled.replace(/\.js$/, ending), { force: true })
  }
}

removeOrphans()
const compiled = spawnSync(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', root], { cwd: root, stdio: 'inherit' })
if (compiled.status !== 0) process.exit(compiled.status ?? 1)
const migrations = join('src', 'database', 'migrations')
mkdirSync(join(dist, migrations), { recursive: true })
cpSync(join(root, migrations), join(dist, migrations), { recursive: true })
