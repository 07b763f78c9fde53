// A child that behaves as it is told.
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Type } from 'typebox'
import { refitError } from '../../src/errors.js'
import { answerChildJob } from '../../src/processes/child-job.js'

const Input = Type.Object({ act: Type.String(), words: Type.Optional(Type.String()) })

answerChildJob(Input, async ({ act, words }) => {
  switch (act) {
    case 'answer':
      console.log('working')
      return { words, length: words?.length }
    case 'answer-with-child':
      spawn('sleep', ['600'], { detached: true, stdio: 'ignore' }).unref()
      return { words }
    case 'refuse':
      throw refitError('definition-invalid', { file: 'refit.config.ts', count: 1 }, { faults: [{ path: 'models.a', message: 'is odd' }] })
    case 'bug':
      return deepBug()
    case 'exit':
      return process.exit(3)
    case 'die':
      process.kill(process.pid, 'SIGKILL')
      return new Promise(() => undefined)
    case 'flood':
      for (let line = 0; line < 20_000; line += 1) console.log('x'.repeat(100))
      return { words }
    case 'garble':
      writeFileSync(process.argv[3] ?? '', '{"kind": "val')
      return process.exit(0)
    case 'grow': {
      const kept: Buffer[] = []
      setInterval(() => kept.push(Buffer.alloc(20_000_000, kept.length)), 20)
      return new Promise(() => undefined)
    }
    default:
      writeFileSync(join(process.cwd(), 'started'), '')
      setInterval(() => undefined, 1000)
      return new Promise(() => undefined)
  }
})

function deepBug(): never {
  throw new TypeError('undefined is not a house')
}
