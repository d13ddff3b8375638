export async function writeResults() {
  return 'nothing yet'
}
