/* The area of a quarter of a circle by 1,024 random points, and how far that is from pi / 4.

   cc -O2 -o area area.c
   ./area SEED plain       points anywhere
   ./area SEED spread      one point in each cell of a grid */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;

/* SplitMix64: a number from 0 to 1. */
static double draw(void) {
    uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (z ^ z >> 31) / 18446744073709551616.0;
}

int main(int count, char **words) {
    if (count != 3) {
        fputs("usage: area SEED plain|spread\n", stderr);
        return 2;
    }
    state = strtoull(words[1], NULL, 10);
    int spread = strcmp(words[2], "spread") == 0, inside = 0;
    for (int i = 0; i < 32 * 32; i++) {
        double x = draw(), y = draw();
        if (spread) {
            x = (i % 32 + x) / 32;
            y = (i / 32 + y) / 32;
        }
        inside += x * x + y * y < 1;
    }
    double error = inside / 1024.0 - 0.78539816339744831;
    printf("error = %.6f\n", error < 0 ? -error : error);
    return 0;
}
