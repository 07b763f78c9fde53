import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Type } from 'typebox'
import { bundlingFault } from '../bundles/bundle-module.js'
import { StoredProject } from '../define/stored-definition.js'
import { refitError } from '../errors.js'
import { runChildJob } from '../processes/child-job.js'
import { findProject } from './project-file.js'
import { stateFolderOf } from './state.js'

const LIMITS = { milliseconds: 60_000, memoryBytes: 1_000_000_000 }

/** What the child answers: the project, or what was thrown, in the words of the user's own file. */
const Evaluated = Type.Union([Type.Object({ project: StoredProject }), Type.Object({ thrown: Type.String() })])

/**
 * Where the state of an environment lies; of one that has no state yet, the project file says whether there is such an
 * environment.
 * @throws RefitError `environment-unknown`, `environment-invalid`, and what an evaluation has
 */
export async function knownStateFolder(folder: string, environment: string | undefined): Promise<string> {
  const stateFolder = stateFolderOf(folder, environment)
  if (environment !== undefined && !existsSync(stateFolder)) await evaluateProject(folder, new AbortController().signal, environment)
  return stateFolder
}

/**
 * Evaluates a project file once, in a child: TypeScript is bundled, `refit` is this very package, defaults are filled
 * in and every fault is named at its path.
 * @throws RefitError `project-not-found`, `definition-invalid`, `definition-unreadable`, `environment-unknown`
 */
export async function evaluateProject(folder: string, signal: AbortSignal, environment?: string): Promise<{ readonly folder: string; readonly project: StoredProject }> {
  const found = findProject(folder)
  const scratch = await mkdtemp(join(tmpdir(), 'refit-definition-'))
  try {
    const bundle = join(scratch, 'project.mjs')
    await bundleProject(found.file, found.folder, bundle)
    const evaluated = await runChildJob(
      {
        entry: new URL('./evaluate-project-child.bundle.js', import.meta.url),
        input: { bundle, file: found.file, projectFolder: found.folder, ...(environment === undefined ? {} : { environment }) },
        environment: environmentOfProject(),
        output: Evaluated,
        token: `definition/${process.pid}/${scratch}`,
        limits: LIMITS,
        workingFolder: scratch,
      },
      signal,
    )
    if ('thrown' in evaluated) throw refitError('definition-unreadable', { file: found.file, reason: evaluated.thrown })
    return { folder: found.folder, project: evaluated.project }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** The project file may read any variable; what would change how Node itself runs is left out. */
function environmentOfProject(): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => (value === undefined || name === 'NODE_OPTIONS' ? [] : [[name, value]])))
}

async function bundleProject(file: string, folder: string, outfile: string): Promise<void> {
  // Only here: every command loads this file, and few evaluate a project.
  const { build } = await import('esbuild')
  try {
    await build({
      absWorkingDir: folder,
      entryPoints: [file],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      sourcemap: 'inline',
      logLevel: 'silent',
      alias: { refit: fileURLToPath(new URL('../index.js', import.meta.url)) },
    })
  } catch (error) {
    throw refitError('definition-unreadable', { file, reason: bundlingFault(error) }, { cause: error })
  }
}
