import { readFile, rename, writeFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'

/** Runs a bundled check of a rollout by its contract, and leaves its answer. Runs in a child of its own. */
export async function answerCheck(bundle: string): Promise<void> {
  const loaded: unknown = await import(pathToFileURL(bundle).href)
  const judge: unknown = typeof loaded === 'object' && loaded !== null ? Reflect.get(loaded, 'default') : undefined
  if (typeof judge !== 'function') throw new Error('the module has no function as its default export')
  const variable = (name: string): string => process.env[name] ?? ''
  const facts: unknown = JSON.parse(await readFile(variable('REFIT_FACTS'), 'utf8'))
  const parameters: unknown = JSON.parse(await readFile(variable('REFIT_PARAMS'), 'utf8'))
  const context = typeof facts === 'object' ? { ...facts, parameters } : { parameters }
  const answer: unknown = await Reflect.apply(judge, undefined, [context])
  const file = variable('REFIT_ANSWER')
  await writeFile(`${file}.tmp`, JSON.stringify(answer) ?? 'null')
  await rename(`${file}.tmp`, file)
}
