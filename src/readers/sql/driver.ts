import { RecordingError } from "../../core/errors.ts";

/** Loads an optional package; when it is not installed, says how to install it. */
export async function loadDriver<Module>(
  load: () => Promise<Module>,
  database: string,
  packages: string,
): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new RecordingError(
      "usage",
      `The driver for ${database} is not installed. Install it where callreel is installed: npm install ${packages} (with -g if callreel was installed with -g).`,
      { cause: error },
    );
  }
}
