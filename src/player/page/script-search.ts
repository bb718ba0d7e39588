/** Search: what is asked, pages of the answer, how many there are. */
export const searchScript = String.raw`
const $ = (id) => document.getElementById(id);
const permanent = /(?:^|\/r\/)((?:ringcentral\/(?:vm\/\d+\/)?[^\/?#\s]+)|(?:tim\/[^\/?#\s]+\/[^\/?#\s]+\/[^\/?#\s]+))$/;
const filters = ["from", "to", "direction", "source", "where"];
/** Rows that scrolling alone brings; more of them come by the button. */
const mostByScrolling = 1000;

async function getJson(path) {
  const response = await fetch(path, { headers: { accept: "application/json" } });
  if (response.status === 401) throw new Error("You are logged out. Open the player again.");
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(body.message || "The player does not answer.");
  return body;
}

async function showSession() {
  const me = await getJson("/api/me").catch(() => undefined);
  if (!me) return;
  $("place").hidden = !me.fetches;
  list.reasonRequired = me.reasonRequired;
  if (!me.logout) return;
  $("who").textContent = me.name;
  $("logout").hidden = false;
}

async function search() {
  list.turn += 1;
  showFilters();
  const found = permanent.exec($("text").value.trim());
  if (found) return showNamed(found[1], list.turn);
  await load(list.turn, true);
}

function query(cursor) {
  const asked = new URLSearchParams();
  for (const name of ["text", ...filters, "at"]) if ($(name).value.trim()) asked.set(name, $(name).value.trim());
  if ($("sort").value !== "newest") asked.set("sort", $("sort").value);
  asked.set("locale", navigator.language);
  asked.set("zone", new Intl.DateTimeFormat().resolvedOptions().timeZone);
  if (cursor) asked.set("cursor", cursor);
  return asked;
}

/** Shows what is filtered also where the filters are folded, and takes the list's address along. */
function showFilters() {
  const set = filters.filter((name) => $(name).value.trim()).length;
  $("filtered").textContent = set ? " (" + set + " set)" : "";
  $("jump").hidden = !byDays();
  $("csv").href = "/api/recordings.csv?" + query();
}

/** Where a reason is asked for, the list is not given without one. */
function askReason(event) {
  const asked = query();
  const reason = list.reasonRequired ? prompt("Why do you take this list? Your answer is kept in the audit log.")?.trim() : undefined;
  if (list.reasonRequired && !reason) return event.preventDefault();
  if (reason) asked.set("reason", reason);
  $("csv").href = "/api/recordings.csv?" + asked;
}

async function load(turn, fresh, focused) {
  if (fresh) $("status").textContent = "Searching…";
  list.busy = true;
  try {
    let cursor = fresh ? undefined : list.cursor;
    let page;
    do {
      page = await getJson("/api/recordings?" + query(cursor));
      if (turn !== list.turn) return;
      cursor = page.cursor;
    } while (page.recordings.length === 0 && cursor);
    markDates("");
    if (fresh) clear();
    page.recordings.forEach(add);
    list.cursor = cursor;
    $("more").hidden = !cursor;
    if (fresh) tellTotal(turn, page);
    const first = page.recordings[0] && itemButton(page.recordings[0].key);
    if (focused && first) first.focus();
  } catch (error) {
    if (turn !== list.turn) return;
    if (fresh) clear();
    markDates(error.message);
    $("status").textContent = error.message;
  } finally {
    if (turn === list.turn) list.busy = false;
  }
}

/** Says how many there are: at once where all are here, else as soon as they are counted. */
async function tellTotal(turn, { cursor, days }) {
  const read = [daysRead(days), $("at").value.trim() && byDays() && "beginning at " + $("at").value.trim()];
  const tell = (text) => {
    $("status").textContent = [text, ...read].filter(Boolean).join(" · ");
  };
  const isAll = !cursor && !$("at").value.trim();
  if (isAll) return tell(list.items.size ? counted(list.items.size) : "No recordings found");
  tell("Counting…");
  const { total, exactness } = await getJson("/api/total?" + query()).catch(() => ({}));
  if (turn !== list.turn) return;
  if (total === undefined) tell("More than " + counted(list.items.size));
  else tell(({ more: "More than ", about: "About " }[exactness] || "") + counted(total));
}

/** Marks the date that the player could not read. */
function markDates(message) {
  for (const field of document.querySelectorAll(".date")) {
    const isWrong = field.value.trim() !== "" && message.startsWith('"' + field.value.trim() + '" is not a date');
    if (isWrong) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
}

async function showNamed(key, turn) {
  try {
    const item = await getJson("/api/recording/" + key);
    if (turn !== list.turn) return;
    clear();
    add(item);
    $("status").textContent = "1 recording";
  } catch (error) {
    if (turn !== list.turn) return;
    clear();
    $("status").textContent = error.message;
  }
}

let typing;
$("search").addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(typing);
  search();
});
$("search").addEventListener("input", (event) => {
  clearTimeout(typing);
  // A date is read when it is written to its end.
  if (!event.target.matches(".date")) typing = setTimeout(search, 250);
});
$("search").addEventListener("change", (event) => event.target.matches(".date") && search());
$("csv").addEventListener("click", askReason);
$("more").addEventListener("click", () => load(list.turn, false, true));
new IntersectionObserver(
  (seen) => {
    if (!seen.some((each) => each.isIntersecting) || list.busy || $("more").hidden) return;
    if (list.items.size < mostByScrolling) load(list.turn, false);
  },
  { rootMargin: "400px" },
).observe($("more"));

/** The filters stand open where there is room for them. */
const roomy = window.matchMedia("(min-width: 44rem)");
const fold = () => {
  $("filters").open = roomy.matches;
};
roomy.addEventListener("change", fold);
fold();
`;
