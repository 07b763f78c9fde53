import { cp, readdir } from 'node:fs/promises'
import { Value } from 'typebox/value'
import { Signature } from '../../../src/packages/manifest.js'
import { predictors } from '../../../src/roles/adapters.js'
import { startEndpoint, untilLive } from '../../serving/endpoint.js'
import { startPlatform, type Platform } from '../../serving/platform.js'

const MODEL = 'upstream'

/**
 * Serves a folder that MLflow has saved, as `node serve-folder.js <folder> <signature as JSON>`, until it is asked to end:
 * packages it, publishes it as a version, and starts serving as the role does. Says its address in a line.
 */
async function serveFolder(platform: Platform, folder: string, signature: Signature): Promise<void> {
  const python = predictors.find(({ format }) => format === 'python')
  if (python === undefined) throw new Error('there is no predictor for Python')
  const { version } = await platform.addFolder(MODEL, { format: python.format, signature }, async (made) => {
    await cp(folder, made, { recursive: true })
    await python.arrange?.(made, await readdir(made))
    await python.finish(made, signature)
  })
  await platform.promote(MODEL, version)
  const endpoint = await startEndpoint(platform, { invocations: MODEL })
  try {
    await untilLive(endpoint.url, MODEL, version)
    const asked = new Promise<void>((resolve) => void process.once('SIGTERM', () => resolve()))
    process.stdout.write(`${endpoint.url}\n`)
    await asked
  } finally {
    await endpoint.stop()
  }
}

const [folder = '', signature = ''] = process.argv.slice(2)
const platform = await startPlatform(MODEL)
try {
  await serveFolder(platform, folder, Value.Parse(Signature, JSON.parse(signature)))
} finally {
  await platform.stop()
}
