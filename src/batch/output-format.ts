import { refitError } from '../errors.js'
import type { OutputFormat } from './score-job.js'

/** In which format a file of that name is written. @throws RefitError `batch-output-unknown` */
export function outputFormatOf(path: string): OutputFormat {
  const [, ending = '', gzip] = /\.(parquet|csv|ndjson|jsonl|json)(\.gz)?$/i.exec(path) ?? []
  switch (ending.toLowerCase()) {
    case 'parquet':
      // Its columns are compressed by themselves.
      if (gzip !== undefined) break
      return { kind: 'parquet', gzip: false }
    case 'csv':
      return { kind: 'csv', gzip: gzip !== undefined }
    case 'ndjson':
    case 'jsonl':
      return { kind: 'ndjson', gzip: gzip !== undefined }
    case 'json':
      return { kind: 'json', gzip: gzip !== undefined }
  }
  throw refitError('batch-output-unknown', { file: path })
}
