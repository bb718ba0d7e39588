/** Wakes the one who waits for it; one that rings before is heard all the same. */
export interface Bell {
  ring(): void;
  rung(): Promise<void>;
}

export function openBell(): Bell {
  let hasRung = false;
  let wake = () => {};
  return {
    ring() {
      hasRung = true;
      wake();
    },
    async rung() {
      if (!hasRung) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      hasRung = false;
    },
  };
}
