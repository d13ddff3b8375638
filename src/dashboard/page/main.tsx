import { render } from 'preact'
import { App } from './app.tsx'
import { applyTheme } from './theme.ts'
import './style.css'

// The token has become a cookie: it must not stay in the history or in a copied link.
const address = new URL(location.href)
if (address.searchParams.has('token')) {
  address.searchParams.delete('token')
  history.replaceState(null, '', address)
}
applyTheme()
render(<App />, document.querySelector('#app')!)
