import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { LedgerError } from '@credit-ledger/sdk/protocol';
import { root } from '../checks.ts';

/** The Go release that the engine needs at least. */
const LEAST_GO = [1, 24] as const;
const SOURCE = join(root, 'engine');
const PACKAGE = 'github.com/kaiachain/kaia/cmd/kcn';

/**
 * The validator's program, built from the Go modules that `engine/go.sum` pins, and kept in `.cache/engine` until
 * those or the Go release change. The first build takes a few minutes.
 * @throws LedgerError ENGINE_GO_MISSING, ENGINE_GO_OLD, ENGINE_CC_MISSING, ENGINE_BUILD_FAILED
 */
export async function buildEngine(progress: (text: string) => void = () => undefined): Promise<string> {
  const goVersion = requireToolchain();
  const wanted = createHash('sha256')
    .update(readFileSync(join(SOURCE, 'go.mod')))
    .update(readFileSync(join(SOURCE, 'go.sum')))
    .update(goVersion)
    .update(`${process.platform}-${process.arch}`)
    .digest('hex')
    .slice(0, 16);
  const directory = join(root, '.cache', 'engine');
  const binary = join(directory, `kcn-${wanted}`);
  if (existsSync(binary)) return binary;
  mkdirSync(directory, { recursive: true });
  progress(`building the engine with ${goVersion}; the first time takes a few minutes`);
  // Under another name until it is whole: a build that was broken off must not pass for one.
  const unfinished = `${binary}.${process.pid}`;
  const said = await runGo(
    ['build', '-mod=readonly', '-ldflags=-checklinkname=0', '-o', unfinished, PACKAGE],
    progress,
  );
  if (said !== undefined) {
    rmSync(unfinished, { force: true });
    throw new LedgerError(
      'ENGINE_BUILD_FAILED',
      {
        en: `The engine could not be built. Check that a Go module proxy is reachable (GOPROXY), then run this again. Go said:\n${said}`,
        zh: `链引擎构建失败。请检查 Go 模块代理（GOPROXY）是否可达，然后重试。Go 的输出：\n${said}`,
      },
      { said },
    );
  }
  renameSync(unfinished, binary);
  return binary;
}

/** What is missing for building the engine; undefined when it can be built. For those who may do without. */
export function missingToolchain(): LedgerError | undefined {
  try {
    requireToolchain();
    return undefined;
  } catch (error) {
    if (error instanceof LedgerError) return error;
    throw error;
  }
}

function requireToolchain(): string {
  const go = spawnSync('go', ['env', 'GOVERSION'], { encoding: 'utf8', cwd: SOURCE });
  const version = go.status === 0 ? go.stdout.trim() : '';
  if (version === '') {
    throw new LedgerError('ENGINE_GO_MISSING', {
      en: `The validators' engine is built with Go ${LEAST_GO.join('.')} or newer, and there is no "go" on the path. Install it (https://go.dev/dl), then run this again.`,
      zh: `构建验证节点引擎需要 Go ${LEAST_GO.join('.')} 或更新版本，但未找到 go 命令。请安装（https://go.dev/dl）后重试。`,
    });
  }
  const [major = 0, minor = 0] = version.replace(/^go/, '').split('.').map(Number);
  if (major < LEAST_GO[0] || (major === LEAST_GO[0] && minor < LEAST_GO[1])) {
    throw new LedgerError(
      'ENGINE_GO_OLD',
      {
        en: `The validators' engine needs Go ${LEAST_GO.join('.')} or newer; this is ${version}. Install a newer one (https://go.dev/dl).`,
        zh: `验证节点引擎需要 Go ${LEAST_GO.join('.')} 或更新版本，当前为 ${version}。请安装新版本（https://go.dev/dl）。`,
      },
      { version },
    );
  }
  const compiler = process.env['CC'] ?? 'cc';
  if (spawnSync(compiler, ['--version'], { stdio: 'ignore' }).status !== 0) {
    throw new LedgerError(
      'ENGINE_CC_MISSING',
      {
        en: `The engine's cryptography is compiled with a C compiler, and "${compiler}" does not run. On Debian: apt-get install build-essential.`,
        zh: `引擎的密码学部分需要 C 编译器，但 "${compiler}" 无法运行。Debian 下请执行：apt-get install build-essential。`,
      },
      { compiler },
    );
  }
  return version;
}

/** Runs go in the engine's folder; gives the end of what it said when it failed. */
function runGo(args: readonly string[], progress: (text: string) => void): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn('go', [...args], {
      cwd: SOURCE,
      env: { ...process.env, CGO_ENABLED: '1', GOFLAGS: '' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    let modules = 0;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4_000);
      modules += (text.match(/^go: downloading /gm) ?? []).length;
      if (modules > 0) progress(`building the engine: ${modules} modules fetched`);
    });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code === 0 ? undefined : said.trim()));
  });
}
