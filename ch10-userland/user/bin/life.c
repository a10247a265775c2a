// life: Conway's game. A cell with three neighbours comes to life, one with two or three stays
// alive.
#include "user/libc/command.h"
#include "user/libc/screen.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STEP_MS 100

struct world {
    unsigned rows, columns;
    unsigned long generation;
    unsigned char *cells, *next;
};

// A world as large as the screen, with a quarter of its cells alive.
static void populate(struct world *world)
{
    screen_begin();
    unsigned rows = screen_rows() > 1 ? screen_rows() - 1 : 1, columns = screen_columns();
    if (rows != world->rows || columns != world->columns) {
        world->rows = rows;
        world->columns = columns;
        world->cells = must_realloc(world->cells, (size_t)rows * columns);
        world->next = must_realloc(world->next, (size_t)rows * columns);
    }
    world->generation = 0;
    for (size_t i = 0; i < (size_t)rows * columns; i++) {
        world->cells[i] = random() % 4 == 0;
    }
}

// The edges are joined: what leaves on one side comes in on the other.
static void step(struct world *world)
{
    unsigned rows = world->rows, columns = world->columns;
    for (unsigned row = 0; row < rows; row++) {
        const unsigned char *above = world->cells + (size_t)((row + rows - 1) % rows) * columns;
        const unsigned char *here = world->cells + (size_t)row * columns;
        const unsigned char *below = world->cells + (size_t)((row + 1) % rows) * columns;
        for (unsigned column = 0; column < columns; column++) {
            unsigned left = (column + columns - 1) % columns, right = (column + 1) % columns;
            int around = above[left] + above[column] + above[right] + here[left] + here[right] +
                         below[left] + below[column] + below[right];
            world->next[(size_t)row * columns + column] =
                around == 3 || (around == 2 && here[column]);
        }
    }
    unsigned char *swap = world->cells;
    world->cells = world->next;
    world->next = swap;
    world->generation++;
}

static void draw(const struct world *world, bool paused)
{
    screen_begin();
    size_t alive = 0;
    for (unsigned row = 0; row < world->rows; row++) {
        screen_row(row);
        screen_style("32");
        for (unsigned column = 0; column < world->columns; column++) {
            bool lives = world->cells[(size_t)row * world->columns + column];
            screen_put(lives ? 'o' : ' ');
            alive += lives;
        }
    }
    screen_row(world->rows);
    screen_style("7");
    screen_format(" generation %lu, %zu alive   space %s, s one step, r anew, q ends ",
                  world->generation, alive, paused ? "goes on" : "pauses");
    screen_show_hidden();
}

int main(int argc, char **argv)
{
    struct world world = {0};
    bool paused = false;
    if (getopt(argc, argv, "") != -1 || optind < argc) {
        command_usage("life");
    }
    srandom((unsigned)time(NULL));
    screen_open();
    populate(&world);
    while (true) {
        draw(&world, paused);
        int key = screen_key(paused ? -1 : STEP_MS);
        if (key == 'q' || key == CONTROL('C') || key == KEY_CLOSED) {
            return 0;
        }
        paused ^= key == ' ';
        if (key == 'r') {
            populate(&world);
        } else if (key == 's' || (!paused && key == KEY_NONE)) {
            step(&world);
        }
    }
}
