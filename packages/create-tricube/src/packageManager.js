const managers = {
  npm: { name: 'npm', install: 'npm install', start: 'npm start', test: 'npm test', run: 'npm run' },
  pnpm: { name: 'pnpm', install: 'pnpm install', start: 'pnpm start', test: 'pnpm test', run: 'pnpm' },
  yarn: {
    name: 'yarn',
    install: 'yarn install',
    start: 'yarn start',
    test: 'yarn test',
    run: 'yarn',
    // Yarn 1 does not install Fastify's cookie 2 on Node 20; version 1 does as well.
    settings: { resolutions: { cookie: '^1.1.1' } },
  },
  bun: { name: 'bun', install: 'bun install', start: 'bun run start', test: 'bun run test', run: 'bun run' },
}

/** The package manager that runs this, by the user agent that each of them sets; npm when it is unknown. */
export function packageManager(userAgent = '') {
  return managers[/^\w+/.exec(userAgent)?.[0]] ?? managers.npm
}
