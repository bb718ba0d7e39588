import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

/** No page is slow on a busy machine: only one that never comes fails. */
const patienceMs = 150_000;

/** Debian's Chromium, without a screen and allowed to play. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: "/usr/bin/chromium",
    timeout: patienceMs,
    args: [
      ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
      ...["--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required"],
    ],
  });
}

export interface PageVisit {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors and dialogs of the page. */
  readonly complaints: string[];
  /** Hosts that were asked for anything. */
  readonly hosts: Set<string>;
}

/** Who visits, and when. */
export interface Visitor {
  readonly height?: number;
  readonly locale?: string;
  readonly timezoneId?: string;
  /** What the visitor's calendar shows; the page's timers go on. */
  readonly now?: Date;
}

/** Opens a page as a new visitor. */
export async function visitPage(
  browser: Browser,
  url: string,
  width = 1000,
  visitor: Visitor = {},
): Promise<PageVisit> {
  const { height = 800, now, ...settings } = visitor;
  const context = await browser.newContext({ viewport: { width, height }, ...settings });
  context.setDefaultTimeout(patienceMs);
  const page = await context.newPage();
  if (now !== undefined) await page.clock.setFixedTime(now);
  const complaints: string[] = [];
  const hosts = new Set<string>();
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("dialog", (dialog) => {
    complaints.push(dialog.message());
    void dialog.dismiss();
  });
  page.on("request", (request) => hosts.add(new URL(request.url()).host));
  await page.goto(url);
  return { page, context, complaints, hosts };
}
