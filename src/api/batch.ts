import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { requireJobFiles } from '../batch/job-files.js'
import { getJob, listJobs, requestJob, requestJobCancel, type BatchJob } from '../batch/jobs.js'
import { outputFormatOf } from '../batch/output-format.js'
import { getModel } from '../registry/models.js'
import type { ApiParts } from './parts.js'
import { runFailure } from './run-answers.js'
import { BatchJobAnswer, BatchJobList } from './wire/batch.js'
import { instant } from './wire/time.js'

const closed = { additionalProperties: false }
const PAGE = 20
const tags = ['batch']
const ModelName = Type.Object({ model: Type.String() })
const JobId = Type.Object({ job: Type.String({ description: 'Id of a batch job, e.g. house-price-b3' }) })
const JobPath = (description: string): Type.TString => Type.String({ minLength: 1, maxLength: 1024, description })

/** Batch jobs: ask for one, look at them, end one. */
export function batchRoutes({ database, clock, project, onBatchJob }: ApiParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.post(
      '/models/:model/batch',
      {
        // It reads and writes files of the machine.
        config: { role: 'operator' },
        schema: {
          operationId: 'requestBatchJob',
          tags,
          summary: 'Ask for a file to be scored',
          description: 'Paths are below the folder `batch` of the project. The job survives a restart, and goes on where it was.',
          params: ModelName,
          body: Type.Object(
            {
              input: JobPath('CSV, JSON or Parquet'),
              output: JobPath('.parquet, .csv, .ndjson or .json; its folder must be there'),
              version: Type.Optional(Type.Integer({ minimum: 1, description: 'Default: the champion of this moment' })),
              overwrite: Type.Optional(Type.Boolean({ description: 'Put the output in the place of one that is there' })),
            },
            closed,
          ),
          response: { 202: BatchJobAnswer },
        },
      },
      async ({ params, body, actor }, reply) => {
        const { input, output, version, overwrite = false } = body
        await getModel(database, params.model, 'in life')
        await requireJobFiles(project.folder, { input, output, overwrite })
        outputFormatOf(output)
        const job = await requestJob(database, clock, { model: params.model, version, input, output, overwrite, actor })
        onBatchJob()
        return reply.status(202).send(jobAnswer(job))
      },
    )

    app.get(
      '/models/:model/batch',
      {
        config: { role: 'viewer' },
        schema: {
          operationId: 'listBatchJobs',
          tags,
          summary: 'Batch jobs of a model, the newest first',
          params: ModelName,
          querystring: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: PAGE })), before: Type.Optional(Type.Integer({ minimum: 1, description: 'Number of the last job of the page before' })) }, closed),
          response: { 200: BatchJobList },
        },
      },
      async ({ params, query }) => {
        await getModel(database, params.model)
        const limit = query.limit ?? PAGE
        const jobs = await listJobs(database, params.model, limit, query.before)
        const last = jobs.at(-1)
        return { jobs: jobs.map(jobAnswer), ...(last === undefined || jobs.length < limit ? {} : { before: last.number }) }
      },
    )

    app.get('/batch/:job', { config: { role: 'viewer' }, schema: { operationId: 'getBatchJob', tags, summary: 'One batch job, and how far it is', params: JobId, response: { 200: BatchJobAnswer } } }, async ({ params }) =>
      jobAnswer(await getJob(database, params.job)),
    )

    app.post(
      '/batch/:job/cancel',
      {
        config: { role: 'operator' },
        schema: { operationId: 'cancelBatchJob', tags, summary: 'Ask a batch job to end', description: 'What it has finished is thrown away; no output appears.', params: JobId, body: Type.Object({}, closed), response: { 200: BatchJobAnswer } },
      },
      async ({ params }) => {
        const job = await requestJobCancel(database, params.job)
        onBatchJob()
        return jobAnswer(job)
      },
    )
    done()
  }
}

function jobAnswer({ progress, result, error, createdAt, startedAt, endedAt, ...job }: BatchJob): BatchJobAnswer {
  return {
    ...job,
    ...(progress === undefined ? {} : { progress }),
    ...(result === undefined ? {} : { result }),
    ...(error === undefined ? {} : { error: runFailure(error) }),
    createdAt: instant(createdAt),
    ...(startedAt === undefined ? {} : { startedAt: instant(startedAt) }),
    ...(endedAt === undefined ? {} : { endedAt: instant(endedAt) }),
  }
}
