/** Imports a file over REST and waits until it has been worked through. */
export async function importFile(
  node: string,
  token: string,
  fileName: string,
  bytes: Uint8Array<ArrayBuffer>,
) {
  const headers = { authorization: `Bearer ${token}` };
  const started = await fetch(`${node}/v1/imports?fileName=${encodeURIComponent(fileName)}`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/octet-stream' },
    body: bytes,
  });
  // Every error is problem details with a stable `code`, `detail` in English and `detailZh` in Chinese.
  if (started.status !== 202) throw new Error(((await started.json()) as { code: string }).code);
  const { id } = (await started.json()) as { id: string };
  for (;;) {
    const response = await fetch(`${node}/v1/imports/${id}`, { headers });
    const current = (await response.json()) as { state: string; records: number; rowsWithIssues: number };
    if (current.state !== 'running') return current;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
