/** The system's Chromium for a test, driven through playwright-core; closed by handle, with its profile. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { tools } from "./tools.ts";

/** Headless, as root, without background traffic. */
const FLAGS = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

/** How long a page is waited for: a machine that runs two such tests at once can be slow for tens of seconds. */
const WAIT_MS = 60_000;

export interface TestBrowser extends AsyncDisposable {
  readonly page: Page;
  /** What the page said on its console and threw, for failure messages. */
  readonly log: readonly string[];
  close(): Promise<void>;
}

/** Throws when there is no Chromium: guard the test with `needs("chromium")`. */
export async function openBrowser(
  options: { width?: number; height?: number; flags?: readonly string[] } = {},
): Promise<TestBrowser> {
  const { width = 1280, height = 800, flags = [] } = options;
  // Shared memory on disk makes media stutter; the profile goes to memory for the same reason.
  const root = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
  const profile = mkdtempSync(join(root, "streambank-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: tools.chromium ?? "chromium",
    args: [...FLAGS, ...flags],
    ignoreDefaultArgs: ["--disable-dev-shm-usage"],
    viewport: { width, height },
  });
  context.setDefaultTimeout(WAIT_MS);
  context.on("page", askFromOutside);
  const page = context.pages()[0] ?? (await context.newPage());
  askFromOutside(page);
  const log: string[] = [];
  page.on("console", (message) => log.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => log.push(`thrown: ${error.message}`));
  const close = async () => {
    await context.close();
    // The last of its processes may still write for a moment.
    rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  };
  return { page, log, close, [Symbol.asyncDispose]: close };
}

/**
 * Playwright's `waitForFunction` evaluates text inside the page, which the Content-Security-Policy of our pages forbids, and
 * lifting the policy would hide what it breaks. This one asks again and again from outside, as `evaluate` does.
 */
function askFromOutside(page: Page): void {
  const waitForFunction = async (
    code: string,
    _arg?: undefined,
    options: { timeout?: number; polling?: number } = {},
  ) => {
    const { timeout = WAIT_MS, polling = 50 } = options;
    const end = performance.now() + timeout;
    while (!(await page.evaluate(code).catch(ignoreNavigation))) {
      if (performance.now() > end) throw new Error(`not true within ${timeout} ms: ${code}`);
      await page.waitForTimeout(polling);
    }
  };
  Object.assign(page, { waitForFunction });
}

/** A page that is just being left answers nothing; the next one is asked. */
function ignoreNavigation(error: unknown): false {
  if (/context was destroyed|navigat/i.test(String(error))) return false;
  throw error;
}
