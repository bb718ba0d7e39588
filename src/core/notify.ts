/** Wakes the one who waits for it; a notification that comes before is not lost. */
export interface Notify {
  notify(): void;
  notified(): Promise<void>;
}

export function openNotify(): Notify {
  let isNotified = false;
  let wake = () => {};
  return {
    notify() {
      isNotified = true;
      wake();
    },
    async notified() {
      if (!isNotified) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      isNotified = false;
    },
  };
}
