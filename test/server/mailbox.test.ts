import { describe, expect, test } from "bun:test";
import { Mailbox, REQUEST } from "../../src/server/mailbox.ts";

describe("Mailbox", () => {
  test("gives each request once", () => {
    const mailbox = new Mailbox();
    expect(mailbox.take()).toBe(0);
    mailbox.post(REQUEST.STOP, () => {});
    mailbox.post(REQUEST.STOP, () => {});
    expect(mailbox.take()).toBe(REQUEST.STOP);
    expect(mailbox.take()).toBe(0);
  });

  test("rings after the request is there", () => {
    const mailbox = new Mailbox();
    const seen: number[] = [];
    mailbox.post(REQUEST.STOP, () => seen.push(mailbox.take()));
    expect(seen).toEqual([REQUEST.STOP]);
  });

  test("is one for all who share its buffer", () => {
    const posted = new Mailbox();
    const taken = new Mailbox(posted.buffer);
    posted.post(REQUEST.STOP, () => {});
    expect(taken.take()).toBe(REQUEST.STOP);
    expect(posted.take()).toBe(0);
  });
});
