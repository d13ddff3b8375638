import { dirname } from 'node:path/posix'
import { mountsOf } from './mounts.ts'
import type { Installed, PackageManager } from './installed.ts'
import type { BuiltService, Project } from './project.ts'

/** Returns the Dockerfile: one target for each service, which differ only in their command. */
export function dockerfile({ name, installed, services }: Project): string {
  return `FROM ${image} AS dependencies
WORKDIR /app
${copies(installed)}
RUN ${installs[installed.packageManager]}

FROM ${image} AS app
ENV NODE_ENV=production HOST=0.0.0.0
WORKDIR /app
COPY --from=dependencies ${installed.hasOwnPackages ? '/app ./' : '/app/node_modules ./node_modules'}
COPY . .
# The user "node" by its number: Kubernetes cannot tell that a name is not root.
USER 1000:1000
# Node is PID 1 and gets SIGTERM itself: npm or a shell would swallow it.
ENTRYPOINT ["node", "--enable-source-maps", "node_modules/tricube/dist/cli/main.js"]
${services.map((service) => `\n${target(service, name)}`).join('')}`
}

function target({ name, path, port }: BuiltService, project: string): string {
  return `FROM app AS ${name}
LABEL org.opencontainers.image.title=${JSON.stringify(name)} org.opencontainers.image.vendor=${JSON.stringify(project)}
ENV PORT=${port}
EXPOSE ${port}
CMD ["start", ${JSON.stringify(path)}]
`
}

/** Copies what the installation reads, and no code: code that changes does not install again. */
function copies({ files }: Installed): string {
  const folders = [...new Set(files.map((path) => dirname(path)))]
  return folders
    .map((folder) => {
      const paths = files.filter((path) => dirname(path) === folder)
      const target = folder === '.' ? './' : `./${folder}/`
      const words = [...paths, target]
      return `COPY ${words.some((word) => /\s/.test(word)) ? JSON.stringify(words) : words.join(' ')}`
    })
    .join('\n')
}

/** Runs TypeScript without a build. */
const image = 'node:24-slim'

const installs: Readonly<Record<PackageManager, string>> = {
  npm: '--mount=type=cache,target=/root/.npm npm ci --omit=dev --no-audit --no-fund',
  pnpm: '--mount=type=cache,target=/root/.local/share/pnpm/store corepack enable && pnpm install --frozen-lockfile --prod',
  yarn: '--mount=type=cache,target=/usr/local/share/.cache/yarn yarn install --frozen-lockfile --production',
  none: '--mount=type=cache,target=/root/.npm npm install --omit=dev --no-audit --no-fund',
}

/** What does not belong into an image. */
export function dockerignore({ services }: Project): string {
  const mounted = new Set(services.flatMap(mountsOf).map(({ folder }) => `${folder}\n`))
  return `${usualIgnored}${[...mounted].join('')}`
}

const usualIgnored = `**/node_modules
**/*.test.ts
**/.env*
**/.git*
**/.DS_Store
.tricube
.vscode
.idea
coverage
Dockerfile
.dockerignore
compose*.yaml
k8s
*.md
*.log
`
