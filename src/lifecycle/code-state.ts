import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { extname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { digestOf } from '../define/canonical-json.js'

/** The project's own code at one moment, for the fingerprint and the lineage. */
export interface CodeState {
  /** SHA-256 over names and contents of the source files. */
  readonly hash: string
  readonly commit?: string
  readonly lockFileHash?: string
}

const sourceEndings = new Set(['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs', '.py', '.r', '.jl', '.sh', '.sql', '.toml', '.go', '.rs', '.java'])
const lockFiles = new Set(['package-lock.json', 'pnpm-lock.yaml', 'yarn.lock', 'uv.lock', 'poetry.lock', 'requirements.txt', 'Pipfile.lock'])
const skippedFolders = new Set(['node_modules', 'dist', '__pycache__'])
const LARGEST_SOURCE_BYTES = 1_000_000

/** Reads the project's source files; what belongs to Refit, dependencies and hidden folders is left out. */
export async function readCodeState(projectFolder: string): Promise<CodeState> {
  const files = (await sourceFiles(projectFolder)).toSorted()
  const sources: [string, string][] = []
  const locks: [string, string][] = []
  for (const path of files) {
    const name = relative(projectFolder, path)
    const hash = createHash('sha256').update(await readFile(path)).digest('hex')
    if (lockFiles.has(name)) locks.push([name, hash])
    else sources.push([name, hash])
  }
  const commit = await commitOf(projectFolder)
  return {
    hash: digestOf(sources),
    ...(commit === undefined ? {} : { commit }),
    ...(locks.length === 0 ? {} : { lockFileHash: digestOf(locks) }),
  }
}

async function sourceFiles(folder: string): Promise<string[]> {
  const found: string[] = []
  const entries = await readdir(folder, { withFileTypes: true })
  // A Python environment, whatever it is called, holds dependencies.
  if (entries.some(({ name }) => name === 'pyvenv.cfg')) return []
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue
    const path = join(folder, entry.name)
    if (entry.isDirectory() && !skippedFolders.has(entry.name)) found.push(...(await sourceFiles(path)))
    const isSource = sourceEndings.has(extname(entry.name).toLowerCase()) || lockFiles.has(entry.name)
    if (entry.isFile() && isSource && (await stat(path)).size <= LARGEST_SOURCE_BYTES) found.push(path)
  }
  return found
}

/** The commit that the project stands at; undefined outside a repository or without git. */
async function commitOf(folder: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('git', ['rev-parse', 'HEAD'], { cwd: folder, timeout: 5000 })
    return stdout.trim()
  } catch {
    return undefined
  }
}
