// Makes the pictures of the dashboard in docs/images again: `npm run build && node scripts/pictures.mjs`.
//
// It runs a copy of the shop in which listing products has become slow, as in docs/slow-requests.md, and takes the pictures
// in a real Chromium.
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { findChromium } from './chromium.mjs'
import { smallPng } from './png.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const images = process.argv[2] ?? join(root, 'docs/images')
const size = { width: 1280, height: 800 }
const temporary = mkdtempSync(join(tmpdir(), 'tricube-pictures-'))
const folder = join(temporary, 'my-shop')
const service = join(folder, 'shop/catalog-service/service.ts')
const usual = `v1_listProducts: ({ db }) => db.many<ProductRow>\`SELECT \${columns} FROM products ORDER BY id\`,`

/** The loop that a change has brought, and what it becomes. */
const slow = `async v1_listProducts({ db }) {
      const products = await db.many<ProductRow>\`SELECT \${columns} FROM products ORDER BY id\`
      const left: ProductRow[] = []
      for (const product of products) {
        const reserved = await db.value<number>\`
          SELECT coalesce(sum(quantity), 0)::integer FROM reservations WHERE product_id = \${product.id}\`
        left.push({ ...product, stock: product.stock - reserved })
      }
      return left
    },`
const mended = `v1_listProducts: ({ db }) => db.many<ProductRow>\`
      SELECT id, name, price_cents, stock - coalesce(reserved, 0)::integer AS stock
      FROM products LEFT JOIN (
        SELECT product_id, sum(quantity) AS reserved FROM reservations GROUP BY product_id
      ) AS set_aside ON product_id = id
      ORDER BY id\`,`
const products = [
  'Green tea',
  'Teapot',
  'Oolong',
  'Pu-erh',
  'Jasmine tea',
  'White tea',
  'Tea tray',
  'Gaiwan',
  'Whisk',
  'Tin',
]

prepareShop()
const program = join(root, 'dist/cli/main.js')
const dev = spawn(process.execPath, [program, 'dev', 'shop', '--dashboard-port', '0'], {
  cwd: folder,
  env: { ...process.env, OTEL_TRACES_SAMPLER: 'always_on', FORCE_COLOR: '0' },
  stdio: ['ignore', 'pipe', 'inherit'],
})
const ended = new Promise((resolve) => dev.once('close', resolve))
let browser
try {
  const url = await dashboardUrl()
  browser = await chromium.launch({
    executablePath: findChromium(),
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  })
  await takePictures(url)
} finally {
  await browser?.close()
  dev.kill('SIGTERM')
  await ended
  rmSync(temporary, { recursive: true, force: true })
}

function prepareShop() {
  cpSync(join(root, 'examples/shop'), join(folder, 'shop'), { recursive: true })
  mkdirSync(join(folder, 'node_modules'), { recursive: true })
  symlinkSync(root, join(folder, 'node_modules/tricube'), 'dir')
  symlinkSync(join(root, 'node_modules/zod'), join(folder, 'node_modules/zod'), 'dir')
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  replaceIn(service, usual, slow)
  const values = products.map((name, i) => `('${name}', ${450 + 350 * i}, 1000)`)
  writeFileSync(
    join(folder, 'shop/catalog-service/seed.sql'),
    `INSERT INTO products (name, price_cents, stock) VALUES ${values.join(', ')};
     INSERT INTO reservations SELECT 1000000 + n, 1 + n % ${products.length}, 0 FROM generate_series(1, 300000) AS n;`,
  )
  // The provider of mails rejects one address, once and for all.
  replaceIn(join(folder, 'shop/mail-service/jobs.ts'), 'retries: 10', 'retries: 0')
  replaceIn(
    join(folder, 'shop/mail-service/postOffice.ts'),
    `=> log.info(`,
    `=> {
      if (recipient.startsWith('wang')) throw new Error('550 no such mailbox: ' + recipient)
      log.info(`,
  )
  replaceIn(join(folder, 'shop/mail-service/postOffice.ts'), `'a mail was sent'),`, `'a mail was sent')\n    },`)
  for (const name of ['catalog', 'order', 'payment', 'mail']) {
    const file = join(folder, `shop/${name}-service/service.ts`)
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^ {2}port: \d+,\n/m, '')) // any free one
  }
}

function replaceIn(file, from, to) {
  const text = readFileSync(file, 'utf8')
  if (!text.includes(from)) throw new Error(`${file} has no ${from}`)
  writeFileSync(
    file,
    text.replace(from, () => to),
  )
}

/** Waits until all services run. */
function dashboardUrl() {
  let output = ''
  return new Promise((resolve, reject) => {
    dev.stdout.setEncoding('utf8').on('data', (text) => {
      output += text
      const [url] = /http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]+/.exec(output) ?? []
      if (url) resolve(url)
    })
    void ended.then(() => reject(new Error(`tricube dev has ended:\n${output}`)))
  })
}

async function takePictures(url) {
  const context = await browser.newContext({ viewport: size, colorScheme: 'light', reducedMotion: 'reduce' })
  const page = await context.newPage()
  await page.goto(url)
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  const { services } = await page.evaluate(() => fetch('api/state').then((response) => response.json()))
  const [catalog, orders] = ['catalog-service', 'order-service'].map(
    (name) => services.find((one) => one.name === name).url,
  )
  const show = async (view, text) => {
    await page.evaluate((hash) => (location.hash = hash), `#/${view}`)
    await page.getByText(text).first().waitFor()
  }
  const picture = async (name) => {
    await wait(600) // until the charts and the lists have the last batch
    const bytes = smallPng(await page.screenshot())
    writeFileSync(join(images, `${name}.png`), bytes)
    console.log(`${name}.png ${Math.round(bytes.length / 1024)} KB`)
  }
  const login = ['token', '--user', 'ann', '--scopes', 'orders:read,orders:write']
  const token = execFileSync(process.execPath, [program, ...login], { cwd: folder, encoding: 'utf8' }).trim()
  const order = (email, more = {}) =>
    fetch(`${orders}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ product_id: 2, quantity: 1, email, card: 'visa', ...more }),
    })
  for (let round = 0; round < 60; round++) {
    await Promise.all([
      fetch(`${catalog}/products/${1 + (round % 10)}`),
      ...(round % 3 === 0 ? [order(`li.lei.${round}@example.com`)] : []),
      ...(round % 20 === 5 ? [order('wang.wei@example.com')] : []),
      ...(round % 12 === 7 ? [fetch(`${catalog}/products`)] : []),
      ...(round % 15 === 9 ? [fetch(`${catalog}/products/404`), order('han@example.com', { product_id: 99 })] : []),
    ])
    await wait(400)
  }

  await picture('dashboard-overview')
  await page.getByRole('link', { name: 'catalog-service' }).first().click()
  await page.getByRole('searchbox', { name: 'Search traces' }).fill('service:catalog-service >50ms')
  await page.getByText('↻ repeated').first().waitFor()
  await page.keyboard.press('Escape')
  await picture('dashboard-traces')
  await page.getByRole('row').filter({ hasText: 'listProducts' }).first().getByRole('link').click()
  await page.getByText('10 times').waitFor()
  const slowTrace = /traces\/([\da-f]{32})/.exec(page.url())[1]
  await picture('dashboard-trace')
  await page.getByRole('row').filter({ hasText: 'SELECT reservations' }).nth(1).click()
  await page.getByRole('complementary', { name: 'Span' }).waitFor()
  const explain = page.getByRole('button', { name: 'EXPLAIN', exact: false })
  if ((await explain.count()) > 0) {
    await explain.first().click()
    await page.getByText('Seq Scan').first().waitFor()
  }
  await picture('dashboard-span')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Make a test of it' }).click()
  await page.getByText('import { testService }').waitFor()
  await picture('dashboard-test')

  replaceIn(service, slow, mended)
  await show('overview', 'restarting')
  for (let ready = false; !ready; await wait(200)) {
    ready = await fetch(`${catalog}/products`).then(
      async (response) => response.ok,
      () => false,
    )
  }
  for (let i = 0; i < 4; i++) await fetch(`${catalog}/products`)
  await show(`traces?q=operation:v1_listProducts&compare=${slowTrace}`, 'Choose the trace')
  await page.getByRole('row').filter({ hasText: 'listProducts' }).first().click()
  await page.getByText('Compare two traces').waitFor()
  await picture('dashboard-compare')

  await show('logs', 'request')
  await picture('dashboard-logs')
  await show('map', 'Dashed')
  await page.locator('.map-node').first().waitFor()
  await picture('dashboard-map')
  await show('jobs/jobs?state=dead', 'sendMail')
  await page.getByRole('table', { name: 'Jobs', exact: true }).getByRole('link').first().click()
  await page.getByRole('complementary', { name: 'Job' }).waitFor()
  await picture('dashboard-jobs')
  await show('data', 'Tables')
  await page
    .getByRole('link', { name: /^products/ })
    .first()
    .click()
  await page.getByText('Green tea').first().waitFor()
  await picture('dashboard-data')
  await show('contracts/catalog-service', 'operations')
  await page.getByText('getProduct').first().click()
  await page.getByRole('region', { name: 'Settings' }).getByRole('row').first().waitFor()
  await picture('dashboard-contracts')
  await show('try/order-service/placeOrder', 'As JSON')
  await page.getByLabel(/^Send as/).fill('ann')
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByRole('treegrid').getByText('placeOrder').first().waitFor()
  await picture('dashboard-try')
}
