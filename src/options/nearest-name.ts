// Guesses which name a misspelt one was meant to be.
//
// The distance counts letters added, dropped or changed and neighbours swapped, each as one. A
// third of the name may be wrong; beyond that a guess would be noise.

export function findNearestName(name: string, candidates: Iterable<string>): string | null {
  let nearest: string | null = null;
  let nearestDistance = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    // The difference in length is a lower bound, and spares a very long name its square.
    if (Math.abs(candidate.length - name.length) >= nearestDistance) continue;
    const distance = measureDistance(name, candidate);
    if (distance >= nearestDistance) continue;
    nearest = candidate;
    nearestDistance = distance;
  }
  return nearest;
}

/** `; did you mean …?`, or nothing when no candidate is close. */
export function suggestName(name: string, candidates: Iterable<string>): string {
  const nearest = findNearestName(name, candidates);
  return nearest === null ? "" : `, did you mean ${nearest}?`;
}

function measureDistance(source: string, target: string): number {
  // Row i holds the distances from the first i letters of the source to each head of the target.
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: target.length + 1 }, (_, j) => j);
  for (let i = 1; i <= source.length; i++) {
    const current = [i];
    for (let j = 1; j <= target.length; j++) {
      const change = source[i - 1] === target[j - 1] ? 0 : 1;
      let best = Math.min(previous[j]! + 1, current[j - 1]! + 1, previous[j - 1]! + change);
      const isSwap = i > 1 && j > 1 && source[i - 1] === target[j - 2];
      if (isSwap && source[i - 2] === target[j - 1])
        best = Math.min(best, beforePrevious[j - 2]! + 1);
      current.push(best);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[target.length]!;
}
