import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import { refitError } from '../errors.js'
import { requireRole } from '../http/access.js'
import { streamOf, takeBodiesAsStreams } from '../http/body-stream.js'
import { below, checkArtifactPath, pathInStore, splitPath, type ArtifactPath } from '../tracking/artifact-path.js'
import { deleteArtifacts, listArtifacts, putArtifact, readArtifact, type ArtifactEntry } from '../tracking/artifacts.js'
import { requireFilesOpen } from '../tracking/kept-files.js'
import { invalid, unsupported } from '../tracking/refusals.js'
import { getRun } from '../tracking/runs.js'
import { unlessEmpty } from './answers.js'
import { message, optional, readMessage, required, text, withDefault, words } from './message.js'
import type { MlflowParts } from './parts.js'
import { requirePathWithinTraining, writerTo } from './training-rules.js'
import { contentTypeOf } from './content-type.js'
import { handle } from './routes.js'
import { isOfVersions, listVersionFolder, readVersionFile, refuseChange } from './version-folder.js'

/** Files by path, below /mlflow-artifacts: where clients send what belongs to `mlflow-artifacts:/…`. */
export function artifactRoutes(parts: MlflowParts): FastifyPluginCallback {
  const { database } = parts
  return (app, _options, done) => {
    takeBodiesAsStreams(app)
    const url = '/artifacts/*'
    app.put(url, { config: { role: 'operator', lent: true }, schema: { hide: true } }, async (request) => {
      const path = pathOf(request)
      await requirePathWithinTraining(request, path, 'write')
      await receive(parts, request, path)
      return {}
    })
    app.get(url, { config: { role: 'viewer', lent: true }, schema: { hide: true } }, async (request, reply) => {
      const path = pathOf(request)
      await requirePathWithinTraining(request, path, 'read')
      return send(parts, path, reply)
    })
    app.delete(url, { config: { role: 'operator', lent: true }, schema: { hide: true } }, async (request) => {
      const path = pathOf(request)
      await requirePathWithinTraining(request, path, 'write')
      await requireChangeable(parts, path)
      await deleteArtifacts(database, path)
      return {}
    })
    handle(app, 'GET', '/artifacts', 'viewer', message({ path: withDefault(text, '') }), async ({ path }) => ({
      files: unlessEmpty((await entriesOf(parts, checkArtifactPath(path))).map((entry) => wireFile(entry, ''))),
    }))
    for (const [method, part] of [['POST', 'mpu'], ['GET', 'presigned']] as const) {
      app.route({ method, url: `/${part}/*`, config: { role: method === 'GET' ? 'viewer' : 'operator', lent: true }, schema: { hide: true }, handler: () => {
        throw unsupported(part === 'mpu' ? 'Multipart upload is not supported for the current artifact repository' : 'Presigned downloads are not supported for the current artifact repository')
      } })
    }
    done()
  }
}

const uploadOfRun = message({ run_id: { ...withDefault(text, ''), aliases: ['run_uuid'] }, path: withDefault(text, '') })
const ofRun = message({ run_id: required(words, 'run_uuid'), path: withDefault(text, '') })

/** Lists what a run has logged, below /mlflow. */
export function runArtifactRoutes(app: FastifyInstance, parts: MlflowParts): void {
  handle(app, 'GET', '/artifacts/list', 'viewer', message({ run_id: required(words, 'run_uuid'), path: withDefault(text, ''), page_token: optional(text) }), async ({ run_id, path }) => {
    const within = checkArtifactPath(path)
    const { artifactUri } = await getRun(parts.database, run_id)
    const entries = await entriesOf(parts, below(rootOf(artifactUri), within))
    return { root_uri: artifactUri, files: unlessEmpty(entries.map((entry) => wireFile(entry, within))) }
  })
}

/** Files of runs, as MLflow's pages ask for them and send them: bytes, not messages. */
export function fileRoutes(parts: MlflowParts): FastifyPluginCallback {
  const pathOfRun = async (request: FastifyRequest): Promise<ArtifactPath> => {
    const { run_id, path } = readMessage(ofRun, request.query, true)
    const within = checkArtifactPath(path)
    if (within === '') throw invalid('Invalid path')
    return below(rootOf((await getRun(parts.database, run_id)).artifactUri), within)
  }
  return (app, _options, done) => {
    takeBodiesAsStreams(app)
    app.get('/get-artifact', { config: { role: 'viewer' }, schema: { hide: true } }, async (request, reply) => send(parts, await pathOfRun(request), reply))
    app.post('/ajax-api/2.0/mlflow/upload-artifact', { config: { role: 'operator' }, schema: { hide: true } }, async (request) => {
      const sent = readMessage(uploadOfRun, request.query, true)
      if (sent.run_id === '') throw invalid('Request must specify run_uuid.')
      if (sent.path === '') throw invalid('Request must specify path.')
      checkArtifactPath(sent.path)
      if (request.body === undefined || request.body === null) throw invalid('Request must specify data.')
      await receive(parts, request, await pathOfRun(request))
      return {}
    })
    done()
  }
}

/** The path that stands behind `/artifacts/`, decoded once: the router's own decoding is not relied on. */
function pathOf(request: FastifyRequest): ArtifactPath {
  const [address = ''] = (request.raw.url ?? '').split('?', 1)
  const mark = '/artifacts/'
  const encoded = address.slice(address.indexOf(mark, address.indexOf('/mlflow-artifacts')) + mark.length)
  const path = checkArtifactPath(decodedOnce(encoded))
  if (path === '') throw invalid('Invalid path')
  return path
}

function decodedOnce(encoded: string): string {
  try {
    return decodeURIComponent(encoded)
  } catch {
    throw invalid('Invalid path')
  }
}

/** Where the artifacts of a run or a model lie in the store. @throws RefitError `tracking-unsupported` where they lie in another one */
export function rootOf(uri: string): ArtifactPath {
  const root = pathInStore(uri)
  if (root === undefined) throw unsupported(`The artifacts of ${uri} are kept by another store, which clients ask themselves.`)
  return root
}

/** A file as an answer that no browser shows by itself. Those of a version are its package, which operators may take. @throws RefitError `forbidden` */
export async function send(parts: MlflowParts, path: ArtifactPath, reply: FastifyReply): Promise<FastifyReply> {
  if (isOfVersions(path)) requireRole(reply.request, 'operator')
  const { content, bytes } = isOfVersions(path) ? await readVersionFile(parts, path) : await readArtifact(parts.database, parts.objects, path)
  const { name } = splitPath(path)
  return reply
    .type(contentTypeOf(name))
    .header('Content-Length', bytes)
    .header('Content-Disposition', `attachment; filename=${quotedName(name)}`)
    .send(content)
}

/** A name in a header: as it is if it can be, else in ASCII and, for who understands it, encoded. */
function quotedName(name: string): string {
  if (/^[\w.+-]+$/.test(name)) return name
  return `"${name.replaceAll(/[^\w.+\- ]/g, '_')}"; filename*=UTF-8''${encodeURIComponent(name).replaceAll(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16)}`)}`
}

/** What lies in a folder, whoever keeps it. */
export async function entriesOf(parts: MlflowParts, folder: ArtifactPath): Promise<readonly ArtifactEntry[]> {
  return isOfVersions(folder) ? listVersionFolder(parts, folder) : listArtifacts(parts.database, folder)
}

/** @throws RefitError `tracking-invalid` for files that Refit keeps */
async function requireChangeable({ database, trainings }: MlflowParts, path: ArtifactPath): Promise<void> {
  refuseChange(path)
  await requireFilesOpen(database, path, (run) => writerTo(run, trainings) === 'training')
}

/** Takes the body of a request to a path; a body that breaks off is nobody's bug. */
async function receive(parts: MlflowParts, request: FastifyRequest, path: ArtifactPath): Promise<void> {
  await requireChangeable(parts, path)
  // What has no body is an empty file.
  const content = request.body === undefined || request.body === null ? Readable.from([]) : streamOf(request.body)
  try {
    await putArtifact(parts.database, parts.objects, path, content)
  } catch (error) {
    if (content.readableAborted) throw refitError('upload-incomplete', { name: path }, { cause: error })
    throw error
  }
}

export function wireFile({ name, bytes }: ArtifactEntry, folder: string): object {
  return { path: folder === '' ? name : `${folder}/${name}`, is_dir: bytes === undefined, file_size: bytes }
}
