export type { Instance, Registry } from './registry.ts'
export { parseServices, staticRegistry } from './static.ts'
