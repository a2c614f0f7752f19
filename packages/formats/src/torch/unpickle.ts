/**
 * @file The restricted interpreter of pickles: it builds values of pickle-values.ts and calls nothing. Steps, containers, memo and integers are
 * counted against torch-limits.ts, there is no recursion, and dicts are Maps, so that no key can touch a prototype.
 * After CPython's Lib/pickle.py and torch/_weights_only_unpickler.py, whose list of allowed names is longer.
 */
import { FormatError, UnsupportedError } from '@bitcliff/core';
import type { Place } from '../internal/elements.ts';
import { callGlobal } from './call-global.ts';
import { PickleCursor } from './pickle-cursor.ts';
import { emptyDict, setItem } from './pickle-dict.ts';
import { findGlobal } from './pickle-globals.ts';
import { OP, OP_INST, opcodeName } from './pickle-opcodes.ts';
import { readScalar } from './pickle-scalars.ts';
import { kindOf, type PickleValue } from './pickle-values.ts';
import { storageOfId } from './rebuild-tensor.ts';
import {
  TORCH_CONTAINER_LIMIT,
  TORCH_GLOBAL_LIMIT,
  TORCH_MEMO_LIMIT,
  TORCH_OPCODE_LIMIT,
} from './torch-limits.ts';

/** Oldest and newest pickle protocol. */
const PROTOCOLS = { oldest: 2, newest: 5 } as const;

/**
 * Run a pickle.
 * @param bytes the whole pickle, at most `TORCH_PICKLE_LIMIT` bytes  @param place.op the operation that messages name
 * @returns its one value; parts may be shared, and a list or dict may contain itself
 * @throws {FormatError} when it is cut, malformed, or over a limit
 * @throws {UnsupportedError} on a name outside the closed list, an opcode outside the subset, another protocol; each is named
 */
export function unpickle(bytes: Uint8Array, place: Place): PickleValue {
  return new Unpickler(bytes, place).run();
}

class Unpickler {
  readonly #cursor: PickleCursor;
  readonly #memo = new Map<number, PickleValue>();
  /** Heights of the stack at each open MARK. */
  readonly #marks: number[] = [];
  #stack: PickleValue[] = [];
  #containers = 0;

  constructor(bytes: Uint8Array, place: Place) {
    this.#cursor = new PickleCursor(bytes, place);
  }

  run(): PickleValue {
    this.#checkProtocol();
    for (let step = 1; step <= TORCH_OPCODE_LIMIT; step++) {
      const code = this.#cursor.opcode();
      if (code === OP.STOP) return this.#result();
      this.#step(code);
    }
    throw this.#overLimit('opcodes', TORCH_OPCODE_LIMIT);
  }

  #checkProtocol(): void {
    const cursor = this.#cursor;
    const code = cursor.opcode();
    if (code !== OP.PROTO) {
      const received = opcodeName(code) ?? `0x${code.toString(16)}`;
      throw this.#bad('pickle does not begin with its protocol', 'PROTO', received);
    }
    const protocol = cursor.uint8();
    if (protocol >= PROTOCOLS.oldest && protocol <= PROTOCOLS.newest) return;
    const expected = `${PROTOCOLS.oldest} to ${PROTOCOLS.newest}`;
    const { place } = cursor;
    throw new UnsupportedError({
      ...place,
      problem: 'unknown pickle protocol',
      expected,
      received: protocol,
    });
  }

  #result(): PickleValue {
    const value = this.#pop();
    if (this.#stack.length > 0 || this.#marks.length > 0) {
      const received = this.#marks.length > 0 ? 'a MARK' : this.#stack.length + 1;
      throw this.#bad('pickle ends with values left on its stack', 'one value', received);
    }
    if (this.#cursor.left > 0)
      throw this.#bad('bytes after the end of the pickle', '0 bytes', this.#cursor.left);
    return value;
  }

  #step(code: number): void {
    const cursor = this.#cursor;
    const stack = this.#stack;
    switch (code) {
      case OP.FRAME:
        cursor.length64();
        return;
      case OP.MARK:
        this.#marks.push(stack.length);
        return;
      case OP.POP:
        this.#popOrMark();
        return;
      case OP.POP_MARK:
        this.#popToMark();
        return;

      case OP.EMPTY_TUPLE:
        this.#pushTuple([]);
        return;
      case OP.TUPLE1:
        this.#pushTuple(this.#popMany(1));
        return;
      case OP.TUPLE2:
        this.#pushTuple(this.#popMany(2));
        return;
      case OP.TUPLE3:
        this.#pushTuple(this.#popMany(3));
        return;
      case OP.TUPLE:
        this.#pushTuple(this.#popToMark());
        return;
      case OP.EMPTY_LIST:
        this.#pushContainer({ kind: 'list', items: [] });
        return;
      case OP.APPEND:
        this.#append(this.#popMany(1));
        return;
      case OP.APPENDS:
        this.#append(this.#popToMark());
        return;
      case OP.EMPTY_DICT:
        this.#pushContainer(emptyDict(false));
        return;
      case OP.SETITEM:
        this.#setItems(this.#popMany(2));
        return;
      case OP.SETITEMS:
        this.#setItems(this.#popToMark());
        return;

      case OP.BINPUT:
        this.#put(cursor.uint8());
        return;
      case OP.LONG_BINPUT:
        this.#put(cursor.uint32());
        return;
      case OP.MEMOIZE:
        this.#put(this.#memo.size);
        return;
      case OP.BINGET:
        this.#get(cursor.uint8());
        return;
      case OP.LONG_BINGET:
        this.#get(cursor.uint32());
        return;

      case OP.GLOBAL: {
        const module = cursor.line();
        stack.push(findGlobal(module, cursor.line(), cursor.place));
        return;
      }
      case OP.STACK_GLOBAL:
        this.#stackGlobal();
        return;
      case OP.BINPERSID:
        this.#pushContainer(storageOfId(this.#pop(), cursor.place));
        return;
      case OP.REDUCE: {
        const [callee, args] = this.#popMany(2) as [PickleValue, PickleValue];
        this.#countItems(args);
        this.#pushContainer(callGlobal(callee, args, cursor.place));
        return;
      }
      case OP.BUILD:
        this.#build();
        return;
      default: {
        const scalar = readScalar(code, cursor);
        if (scalar === undefined) throw this.#refuse(code);
        stack.push(scalar);
      }
    }
  }

  #refuse(code: number): Error {
    const { place } = this.#cursor;
    if (code === OP_INST) {
      const module = this.#cursor.line();
      findGlobal(module, this.#cursor.line(), place); // throws for all but the closed list
    }
    const name = opcodeName(code);
    if (name === undefined || code === OP.PROTO) {
      return this.#bad('unknown pickle opcode', 'an opcode of pickle', name ?? `0x${code.toString(16)}`);
    }
    return new UnsupportedError({
      ...place,
      problem: 'refused pickle opcode',
      expected: 'those that tensors, OrderedDict and scalars need',
      received: name,
      hint: 'Save a state_dict of tensors with torch.save of PyTorch 1.6 or later',
    });
  }

  #pop(): PickleValue {
    return this.#popMany(1)[0]!;
  }

  /** The last values, which must lie above the last mark. */
  #popMany(count: number): PickleValue[] {
    if (this.#stack.length - count < (this.#marks.at(-1) ?? 0)) {
      throw this.#bad('pickle takes more values than its stack has', `${count} values`, 'fewer');
    }
    return this.#stack.splice(this.#stack.length - count);
  }

  #popToMark(): PickleValue[] {
    const height = this.#marks.pop();
    if (height === undefined) throw this.#bad('pickle has no mark on its stack', 'a MARK before', 'none');
    return this.#stack.splice(height);
  }

  /** POP takes a mark where one is on top, as in Python. */
  #popOrMark(): void {
    if (this.#marks.at(-1) === this.#stack.length) this.#marks.pop();
    else this.#pop();
  }

  #top(): PickleValue {
    const value = this.#pop();
    this.#stack.push(value);
    return value;
  }

  #pushTuple(items: PickleValue[]): void {
    this.#pushContainer({ kind: 'tuple', items });
  }

  #pushContainer(value: PickleValue): void {
    if (++this.#containers > TORCH_CONTAINER_LIMIT) {
      throw this.#overLimit('lists, dicts and tensors', TORCH_CONTAINER_LIMIT);
    }
    this.#stack.push(value);
  }

  /** The items of a list that a call goes through count as containers: the same list may be given to many calls. */
  #countItems(args: PickleValue): void {
    const [list] = typeof args === 'object' && args?.kind === 'tuple' ? args.items : [];
    if (typeof list === 'object' && list?.kind === 'list') this.#containers += list.items.length;
  }

  #append(items: PickleValue[]): void {
    const list = this.#top();
    if (typeof list !== 'object' || list?.kind !== 'list') {
      throw this.#bad('pickle appends to what is not a list', 'a list', kindOf(list));
    }
    for (const item of items) list.items.push(item);
  }

  #setItems(items: PickleValue[]): void {
    const dict = this.#top();
    if (typeof dict !== 'object' || dict?.kind !== 'dict') {
      throw this.#bad('pickle sets items of what is not a dict', 'a dict', kindOf(dict));
    }
    if (items.length % 2 !== 0) throw this.#bad('dict items are not pairs', 'an even number', items.length);
    const { place } = this.#cursor;
    for (let i = 0; i < items.length; i += 2) setItem(dict, items[i]!, items[i + 1]!, place);
  }

  #put(index: number): void {
    const value = this.#top();
    if (this.#memo.size >= TORCH_MEMO_LIMIT) throw this.#overLimit('memo entries', TORCH_MEMO_LIMIT);
    this.#memo.set(index, value);
  }

  #get(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined)
      throw this.#bad('pickle reads a memo entry that it did not write', 'an entry', index);
    this.#stack.push(value);
  }

  #stackGlobal(): void {
    const [module, attribute] = this.#popMany(2);
    if (typeof module !== 'string' || typeof attribute !== 'string') {
      const received = `${kindOf(module)} and ${kindOf(attribute)}`;
      throw this.#bad('name of a global is not a string', 'two strings', received);
    }
    if (module.length > TORCH_GLOBAL_LIMIT || attribute.length > TORCH_GLOBAL_LIMIT) {
      throw this.#bad('name of a global is over the limit', `at most ${TORCH_GLOBAL_LIMIT} bytes`, 'more');
    }
    this.#stack.push(findGlobal(module, attribute, this.#cursor.place));
  }

  /** Attributes of an OrderedDict, where torch keeps version numbers of modules: checked to be a dict, and dropped. */
  #build(): void {
    const [target, state] = this.#popMany(2) as [PickleValue, PickleValue];
    if (typeof target !== 'object' || target?.kind !== 'dict' || !target.ordered) {
      const { place } = this.#cursor;
      throw new UnsupportedError({
        ...place,
        problem: 'pickle sets the state of an object (BUILD)',
        expected: 'the state of an OrderedDict',
        received: kindOf(target),
      });
    }
    if (typeof state !== 'object' || state?.kind !== 'dict') {
      throw this.#bad('bad state of an OrderedDict', 'a dict', kindOf(state));
    }
    this.#stack.push(target);
  }

  #bad(problem: string, expected: string, received: string | number): FormatError {
    return new FormatError({ ...this.#cursor.place, problem, expected, received });
  }

  #overLimit(what: string, limit: number): FormatError {
    return this.#bad(`pickle has too many ${what}`, `at most ${limit}`, 'more');
  }
}
