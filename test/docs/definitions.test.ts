import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { evaluateProject } from '../../src/roles/evaluate-project.js'
import { codeBlocksOf, pagePaths, readPage, root, type CodeBlock } from './pages.js'

/** Where a block says that it stands: its first line. */
function pathOf({ code }: CodeBlock): string | undefined {
  return /^\/\/ ([\w./-]+\.ts)\n/.exec(code)?.[1]
}

function typescriptBlocks(page: string): readonly CodeBlock[] {
  return codeBlocksOf(page, readPage(page)).filter(({ language }) => language === 'ts' || language === 'typescript')
}

/** A project with the files of one page; where the page has no project file, one with all its models. */
async function projectOf(t: TestContext, blocks: readonly CodeBlock[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-documented-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const paths = blocks.map((block) => pathOf(block) ?? '')
  for (const [index, { code }] of blocks.entries()) {
    await mkdir(dirname(join(folder, paths[index] ?? '')), { recursive: true })
    await writeFile(join(folder, paths[index] ?? ''), code)
  }
  if (!paths.includes('refit.config.ts')) {
    const models = paths.filter((_, index) => blocks[index]?.code.includes('defineModel(') === true)
    const imports = models.map((path, index) => `import m${index} from './${path.replace(/\.ts$/, '.js')}'`)
    const named = models.map((path, index) => `'${basename(path, '.ts')}': m${index}`)
    await writeFile(join(folder, 'refit.config.ts'), `import { defineProject } from 'refit'\n${imports.join('\n')}\nexport default defineProject({ models: { ${named.join(', ')} } })\n`)
  }
  return folder
}

for (const page of pagePaths()) {
  const blocks = typescriptBlocks(page)
  if (blocks.length === 0) continue

  test(`the TypeScript of ${page} evaluates to a valid project, and its types hold`, async (t) => {
    for (const block of blocks) assert.ok(pathOf(block) !== undefined, `${page}:${block.line} does not say in its first line which file it is`)
    for (const { code } of blocks) for (const [, name = ''] of code.matchAll(/secret\('(\w+)'\)/g)) process.env[name] ??= 'what-the-page-calls-a-secret'
    const folder = await projectOf(t, blocks)
    const { project } = await evaluateProject(folder, AbortSignal.timeout(60_000))
    const documented = blocks.filter(({ code }) => code.includes('defineModel(')).map((block) => basename(pathOf(block) ?? '', '.ts'))
    assert.deepEqual(Object.keys(project.models).toSorted(), documented.toSorted())
    await mkdir(join(folder, 'node_modules', '@types'), { recursive: true })
    await symlink(root, join(folder, 'node_modules', 'refit'))
    await symlink(join(root, 'node_modules', '@types', 'node'), join(folder, 'node_modules', '@types', 'node'))
    await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
    const compilerOptions = { target: 'ES2023', module: 'NodeNext', strict: true, noEmit: true, skipLibCheck: true, types: ['node'] }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['**/*.ts'] }))
    const checked = spawnSync(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder], { encoding: 'utf8' })
    assert.equal(checked.status, 0, checked.stdout)
  })
}
