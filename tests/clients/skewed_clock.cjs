// Makes the clock of a client wrong by CLOCK_SKEW_S seconds: node -r ./skewed_clock.cjs …
const skew = Number(process.env.CLOCK_SKEW_S || 0) * 1000;
const TrueDate = Date;

globalThis.Date = class Date extends TrueDate {
  constructor(...given) {
    if (given.length) super(...given);
    else super(TrueDate.now() + skew);
  }

  static now() {
    return TrueDate.now() + skew;
  }
};
