import type { FastifyInstance } from 'fastify'

/** The release of MLflow whose API this is: clients of it, and older ones, find what they look for. */
export const MLFLOW_VERSION = '3.9.0'

/** What clients ask before anything else; open, for they tell nothing about what is stored. */
export function serverRoutes(app: FastifyInstance): void {
  app.get('/health', { schema: { hide: true } }, (_request, reply) => reply.type('text/plain; charset=utf-8').send('OK'))
  app.get('/version', { schema: { hide: true } }, (_request, reply) => reply.type('text/plain; charset=utf-8').send(MLFLOW_VERSION))
}

/** What newer clients ask: neither workspaces nor uploads in parts. */
export function serverInfoRoutes(app: FastifyInstance): void {
  app.get('/server-info', { config: { role: 'viewer', lent: true }, schema: { hide: true } }, () => ({
    store_type: 'SqlStore',
    workspaces_enabled: false,
    multipart_uploads_enabled: false,
    multipart_downloads_enabled: false,
  }))
}
