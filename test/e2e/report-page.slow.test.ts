import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { fates, openReportArchive } from "../helpers/report-archive.ts";
import { runHere } from "../helpers/run-here.ts";
import { openTempFolder } from "../helpers/temp-folder.ts";
import { launchChromium, visitPage } from "../player/chromium.ts";

test("the report's page stands alone, fits a phone and prints on A4 and Letter with the tables' heads on every sheet", async () => {
  using folder = openTempFolder();
  {
    await using archive = await openReportArchive(folder.path, [...fates, ...Array.from({ length: 60 }, () => "held")]);
    await archive.list();
  }
  const file = join(folder.path, "march.html");
  const args = ["report", "-d", folder.path, "--month", "2026-03", "--utc", "--html", file];
  expect((await runHere(args)).code).toBe(6);
  const browser = await launchChromium();
  try {
    for (const width of [320, 768, 1440]) {
      const { page, context, complaints, hosts } = await visitPage(browser, pathToFileURL(file).href, width);
      expect([complaints, [...hosts]]).toEqual([[], [""]]);
      const wide = await page.evaluate("document.scrollingElement.scrollWidth - innerWidth");
      expect([width, wide]).toEqual([width, 0]);
      expect(await page.locator("tbody tr").count()).toBe(1 + 12 + 1 + 64);
      const shots = process.env.REPORT_SHOTS;
      if (shots) await page.screenshot({ path: join(shots, `report-${width}.png`), fullPage: true });
      for (const format of ["A4", "Letter"]) {
        const pdf = await page.pdf({ format, preferCSSPageSize: false });
        if (shots) writeFileSync(join(shots, `report-${format}.pdf`), pdf);
        expect(pdf.toString("latin1").match(/\/Type ?\/Page\b/g)?.length).toBeGreaterThan(3);
      }
      await context.close();
    }
  } finally {
    await browser.close();
  }
});
