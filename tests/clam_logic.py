"""The expression of a logical signature: parsed, judged for given counts, and solved for counts that satisfy it."""
import re


class Node:
    def __init__(self, op, kids=(), sub=None, count=None):
        self.op, self.kids, self.sub, self.count = op, list(kids), sub, count


def parse(text):
    items = re.findall(r"\d+|[()&|=<>,]", text)
    at = 0

    def count():
        nonlocal at
        result = None
        while at < len(items) and items[at] in "=<>":
            compare, x, y = items[at], int(items[at + 1]), 0
            at += 2
            if at < len(items) and items[at] == ",":
                at += 1
                if at < len(items) and items[at].isdigit():
                    y = int(items[at])
                    at += 1
            result = result or (compare, x, y)
        return result

    def fold(operands, ops):
        node = operands[-1]
        for op, kid in zip(reversed(ops), reversed(operands[:-1])):
            node = Node(op, [kid, node])
        return node

    def fold_group(operands, ops):
        if len(operands) == 1:
            return operands[0]
        return Node(ops[-1], [fold(operands[:-1], ops[:-1]), operands[-1]])

    def sequence():
        nonlocal at
        operands, ops = [operand()], []
        while at < len(items) and items[at] in "&|":
            ops.append(items[at])
            at += 1
            operands.append(operand())
        return operands, ops

    def operand():
        nonlocal at
        if items[at] == "(":
            at += 1
            operands, ops = sequence()
            at += 1
            c = count()
            node = fold_group(operands, ops)
            return Node("count", [node], count=c) if c else node
        node = Node("sub", sub=int(items[at]))
        at += 1
        c = count()
        return Node("count", [node], count=(c[0], c[1], 0)) if c else node

    operands, ops = sequence()
    return fold(operands, ops)


def value(node, counts):
    """(holds, sum, different subsignatures)"""
    if node.op == "sub":
        n = counts.get(node.sub, 0)
        return n > 0, n, {node.sub} if n else set()
    results = [value(k, counts) for k in node.kids]
    if node.op == "count":
        _, total, ids = results[0]
        compare, x, y = node.count
        holds = {"=": total == x, ">": total > x, "<": total < x}[compare] and len(ids) >= y
    else:
        holds = (all if node.op == "&" else any)(r[0] for r in results)
        total = sum(r[1] for r in results if r[0])
        ids = set().union(*[r[2] for r in results if r[0]])
    return (True, total, ids) if holds else (False, 0, set())


def holds(node, counts):
    return value(node, counts)[0]


def subs(node):
    if node.op == "sub":
        return [node.sub]
    return [s for k in node.kids for s in subs(k)]


def merge(a, b):
    return {k: max(a.get(k, 0), b.get(k, 0)) for k in {*a, *b}}


def solve(node, which=0):
    """Counts that satisfy the node; `which` picks among branches."""
    if node.op == "sub":
        return {node.sub: 1}
    if node.op == "&":
        return merge(solve(node.kids[0], which), solve(node.kids[1], which))
    if node.op == "|":
        return solve(node.kids[which % 2], which // 2)
    compare, x, y = node.count
    kid = node.kids[0]
    if compare == "<" or x == 0 and compare == "=":
        base = dict.fromkeys(list(dict.fromkeys(subs(kid)))[:y], 1)
        return base
    base = solve(kid, which)
    for s in subs(kid):
        if len(value(kid, base)[2]) >= y:
            break
        base[s] = max(1, base.get(s, 0))
    want = x + (compare == ">")
    for _ in range(want + 1):
        total = value(kid, base)[1]
        if total >= want:
            break
        first = next((s for s in subs(kid) if base.get(s, 0)), subs(kid)[0])
        base[first] = base.get(first, 0) + want - total
    return base
