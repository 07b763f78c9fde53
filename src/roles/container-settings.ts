import { isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { refitError } from '../errors.js'
import type { PackageServingSettings } from './serve-package.js'

/** What serving platforms say to their containers in the environment, and what the command line says instead. */
export interface ContainerEnvironment {
  readonly SAGEMAKER_BASE_DIR?: string | undefined
  readonly SAGEMAKER_BIND_TO_PORT?: string | undefined
  readonly SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT?: string | undefined
  readonly AIP_HTTP_PORT?: string | undefined
  readonly AIP_HEALTH_ROUTE?: string | undefined
  readonly AIP_PREDICT_ROUTE?: string | undefined
  readonly AIP_STORAGE_URI?: string | undefined
}

export interface ContainerFlags {
  readonly platform?: 'sagemaker' | 'vertex' | undefined
  readonly model?: string | undefined
  readonly bind?: string | undefined
  readonly port?: number | undefined
}

const DEFAULT_PORT = 8080
const EVERYWHERE = '0.0.0.0'

/**
 * Where a container's model lies, and how it is asked. Vertex AI is recognised by its variables; the names and places are
 * the platforms' own.
 * @throws RefitError `variable-invalid`
 */
export function containerSettings(environment: ContainerEnvironment, flags: ContainerFlags): PackageServingSettings {
  const { AIP_HTTP_PORT, AIP_HEALTH_ROUTE, AIP_PREDICT_ROUTE, AIP_STORAGE_URI, SAGEMAKER_BASE_DIR, SAGEMAKER_BIND_TO_PORT, SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT } = withoutEmpty(environment)
  const isVertex = [AIP_HTTP_PORT, AIP_HEALTH_ROUTE, AIP_PREDICT_ROUTE, AIP_STORAGE_URI].some((value) => value !== undefined)
  const atSageMaker = join(SAGEMAKER_BASE_DIR ?? '/opt/ml', 'model')
  const bind = flags.bind ?? EVERYWHERE
  if ((flags.platform ?? (isVertex ? 'vertex' : 'sagemaker')) === 'sagemaker') {
    return {
      folder: resolve(flags.model ?? atSageMaker),
      bind,
      port: flags.port ?? portOf('SAGEMAKER_BIND_TO_PORT', SAGEMAKER_BIND_TO_PORT),
      platform: { kind: 'sagemaker', ...(SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT === undefined ? {} : { accept: SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT }) },
    }
  }
  const routes = { ...routeOf('AIP_HEALTH_ROUTE', 'health', AIP_HEALTH_ROUTE), ...routeOf('AIP_PREDICT_ROUTE', 'predict', AIP_PREDICT_ROUTE) }
  return { folder: resolve(flags.model ?? folderOf(AIP_STORAGE_URI) ?? atSageMaker), bind, port: flags.port ?? portOf('AIP_HTTP_PORT', AIP_HTTP_PORT), platform: { kind: 'vertex', ...routes } }
}

/** A variable that is empty is as none. */
function withoutEmpty(environment: ContainerEnvironment): ContainerEnvironment {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
}

function portOf(name: string, value: string | undefined): number {
  if (value === undefined) return DEFAULT_PORT
  const port = Number(value)
  if (!/^\d+$/.test(value) || port > 65_535) throw refitError('variable-invalid', { name, reason: `"${value}" is no port` })
  return port
}

/** A path as the server can route it. */
function routeOf(name: string, part: 'health' | 'predict', value: string | undefined): Readonly<Record<string, string>> {
  if (value === undefined) return {}
  // What follows ? or # is no part of a path, and * would be any.
  if (!/^\/[^\s?#*%]*$/.test(value)) throw refitError('variable-invalid', { name, reason: `"${value}" is no plain path that begins with /` })
  return { [part]: value }
}

function folderOf(uri: string | undefined): string | undefined {
  if (uri === undefined || isAbsolute(uri)) return uri
  if (uri.startsWith('file://')) return fileURLToPath(uri)
  throw refitError('variable-invalid', { name: 'AIP_STORAGE_URI', reason: `"${uri}" is no folder of this machine, and nothing is fetched from elsewhere` })
}
