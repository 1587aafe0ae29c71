/** The dialog that goes to a date and time: a calendar in which days with recordings are marked, and a typed time. */
import type { Api } from "./api.ts";
import {
  civilOf,
  dayStart,
  daysInMonth,
  fieldText,
  leadingBlanks,
  momentsOf,
  readField,
} from "./civil.ts";
import type { Span } from "./coverage-types.ts";
import { part, say } from "./html.ts";
import { zoneOf } from "./time-text.ts";

const HOUR_MS = 3_600_000;
const MONTHS =
  "January February March April May June July August September October November December";
const monthNames = MONTHS.split(" ");

export interface JumpHost {
  readonly api: () => Api;
  readonly stream: () => string;
  readonly zone: () => string | undefined;
  readonly nowMs: () => number;
  readonly positionMs: () => number | undefined;
  readonly seek: (ms: number) => void;
}

export class JumpDialog {
  readonly #root: ShadowRoot;
  readonly #host: JumpHost;
  readonly #dialog: HTMLDialogElement;
  readonly #field: HTMLInputElement;
  readonly #which: HTMLSelectElement;
  #year = 1970;
  #month = 1;
  /** Recorded in the month that is shown. */
  #ranges: readonly Span[] = [];

  constructor(root: ShadowRoot, host: JumpHost) {
    this.#root = root;
    this.#host = host;
    this.#dialog = part(root, "jump-dialog", HTMLDialogElement);
    this.#field = part(root, "jump-field", HTMLInputElement);
    this.#which = part(root, "jump-which", HTMLSelectElement);
    part(root, "month-back", HTMLButtonElement).addEventListener("click", () => this.#turn(-1));
    part(root, "month-on", HTMLButtonElement).addEventListener("click", () => this.#turn(1));
    this.#field.addEventListener("input", () => this.#typed());
    part(root, "jump-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      this.#go();
    });
  }

  open(): void {
    const at = this.#host.positionMs() ?? this.#host.nowMs();
    const { year, month } = civilOf(at, this.#host.zone());
    this.#field.value = fieldText(at, this.#host.zone());
    this.#typed();
    this.#show(year, month);
    this.#dialog.showModal();
    this.#field.focus();
  }

  #turn(by: -1 | 1): void {
    const months = this.#year * 12 + this.#month - 1 + by;
    this.#show(Math.floor(months / 12), (months % 12) + 1);
  }

  #show(year: number, month: number): void {
    this.#year = year;
    this.#month = month;
    this.#ranges = [];
    say(part(this.#root, "month", HTMLElement), `${monthNames[month - 1]} ${year}`);
    this.#draw();
    const zone = this.#host.zone();
    const from = dayStart(year, month, 1, zone);
    const to = dayStart(month === 12 ? year + 1 : year, (month % 12) + 1, 1, zone);
    this.#host
      .api()
      .coverage(this.#host.stream(), { from: Math.max(0, from), to, resolutionMs: HOUR_MS })
      .then(({ ranges }) => {
        if (this.#year !== year || this.#month !== month) return;
        this.#ranges = ranges;
        this.#draw();
      })
      .catch((error: Error) => this.#say(error.message));
  }

  #draw(): void {
    const zone = this.#host.zone();
    const today = civilOf(this.#host.nowMs(), zone);
    const names = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"].map((name) => make("span", name));
    const blanks = Array.from({ length: leadingBlanks(this.#year, this.#month) }, () =>
      make("span", ""),
    );
    const days = Array.from({ length: daysInMonth(this.#year, this.#month) }, (_, i) => {
      const day = i + 1;
      const from = dayStart(this.#year, this.#month, day, zone);
      // The next day's first moment, whether this one has 23, 24 or 25 hours.
      const to = momentAfter(this.#year, this.#month, day, zone);
      const first = this.#ranges.find((range) => range.to > from && range.from < to);
      const button = make("button", String(day));
      const date = `${day} ${monthNames[this.#month - 1]} ${this.#year}`;
      button.setAttribute("type", "button");
      button.setAttribute("aria-label", `${date}, ${first ? "recorded" : "nothing recorded"}`);
      button.classList.toggle("recorded", first !== undefined);
      const isToday = today.day === day && today.month === this.#month && today.year === this.#year;
      if (isToday) button.setAttribute("aria-current", "date");
      button.addEventListener("click", () => {
        this.#field.value = fieldText(Math.max(from, first?.from ?? from), zone);
        this.#typed();
        this.#field.focus();
      });
      return button;
    });
    part(this.#root, "days", HTMLElement).replaceChildren(...names, ...blanks, ...days);
  }

  #typed(): void {
    const zone = this.#host.zone();
    const moments = this.#moments();
    this.#which.hidden = moments.length < 2;
    this.#which.replaceChildren(
      ...moments.map((ms) => {
        const option = make("option", zoneOf(ms, zone));
        option.setAttribute("value", String(ms));
        return option;
      }),
    );
    if (moments.length === 0) this.#say("Clocks skip this time: it does not exist on that day.");
    else if (moments.length > 1) this.#say("Clocks show this time twice that day: choose which.");
    else
      this.#say(
        `In ${zoneOf(moments[0] ?? 0, zone)}${zone === undefined ? ", your time" : `, ${zone}`}.`,
      );
  }

  #moments(): number[] {
    const civil = readField(this.#field.value);
    return civil === undefined ? [] : momentsOf(civil, this.#host.zone());
  }

  #go(): void {
    const moments = this.#moments();
    const ms = moments.length > 1 ? Number(this.#which.value) : moments[0];
    if (ms === undefined) return;
    this.#dialog.close();
    this.#host.seek(ms);
  }

  #say(text: string): void {
    say(part(this.#root, "jump-says", HTMLElement), text);
  }
}

function momentAfter(year: number, month: number, day: number, zone?: string): number {
  if (day < daysInMonth(year, month)) return dayStart(year, month, day + 1, zone);
  return month === 12 ? dayStart(year + 1, 1, 1, zone) : dayStart(year, month + 1, 1, zone);
}

function make(name: string, text: string): HTMLElement {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}
