// snake: eat, grow, and don't bite yourself.
#include "user/libc/command.h"
#include "user/libc/screen.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ROWS 20
#define COLUMNS 38 // each two characters wide, so that it goes as fast down as to the right
#define CELLS (ROWS * COLUMNS)
#define START_LENGTH 4
#define START_MS 160
#define FASTEST_MS 60

struct cell {
    int row, column;
};

struct snake {
    struct cell body[CELLS]; // a ring
    size_t head, length;
    struct cell direction, food;
    unsigned char used[ROWS][COLUMNS]; // 1: the snake is here
    unsigned score;
    bool over, paused;
};

static struct snake game;

static void place_food(void)
{
    // Of the free cells any, all with the same chance.
    size_t number = (size_t)random() % (CELLS - game.length);
    for (int i = 0; i < CELLS; i++) {
        if (!game.used[i / COLUMNS][i % COLUMNS] && number-- == 0) {
            game.food = (struct cell){i / COLUMNS, i % COLUMNS};
            return;
        }
    }
}

static void start(void)
{
    memset(&game, 0, sizeof(game));
    game.direction = (struct cell){0, 1};
    for (int i = 0; i < START_LENGTH; i++) {
        game.head = (size_t)i;
        game.body[game.length++] = (struct cell){ROWS / 2, COLUMNS / 2 - START_LENGTH + i};
        game.used[ROWS / 2][COLUMNS / 2 - START_LENGTH + i] = 1;
    }
    place_food();
}

static void step(void)
{
    struct cell head = game.body[game.head];
    head.row += game.direction.row;
    head.column += game.direction.column;
    bool eats = head.row == game.food.row && head.column == game.food.column;
    struct cell tail = game.body[(game.head + CELLS + 1 - game.length) % CELLS];
    if (!eats) {
        game.used[tail.row][tail.column] = 0; // so that the head may go where the tail was
        game.length--;
    }
    if (head.row < 0 || head.row >= ROWS || head.column < 0 || head.column >= COLUMNS ||
        game.used[head.row][head.column]) {
        game.over = true;
        return;
    }
    game.head = (game.head + 1) % CELLS;
    game.body[game.head] = head;
    game.used[head.row][head.column] = 1;
    game.length++;
    if (eats) {
        game.score++;
        game.over = game.length == CELLS;
        if (!game.over) {
            place_food();
        }
    }
}

static void draw(void)
{
    screen_begin();
    screen_row(0);
    screen_format(" Snake   score %u   %s", game.score,
                  game.over     ? "Game over: n begins anew, q ends"
                  : game.paused ? "Paused: p goes on"
                                : "arrows or wasd, p pauses, q ends");
    for (int row = -1; row <= ROWS; row++) {
        screen_row((unsigned)(row + 2));
        if (row < 0 || row == ROWS) {
            screen_put('+');
            for (int column = 0; column < COLUMNS; column++) {
                screen_text("--");
            }
            screen_put('+');
            continue;
        }
        screen_put('|');
        for (int column = 0; column < COLUMNS; column++) {
            struct cell head = game.body[game.head];
            if (row == head.row && column == head.column) {
                screen_style("1;32");
                screen_text("@@");
                screen_style("");
            } else if (game.used[row][column]) {
                screen_style("32");
                screen_text("##");
                screen_style("");
            } else if (row == game.food.row && column == game.food.column) {
                screen_style("1;31");
                screen_text("<>");
                screen_style("");
            } else {
                screen_text("  ");
            }
        }
        screen_put('|');
    }
    screen_show_hidden();
}

static void turn(int row, int column)
{
    // Not back into itself.
    struct cell neck = game.body[(game.head + CELLS - 1) % CELLS], head = game.body[game.head];
    if (head.row + row != neck.row || head.column + column != neck.column) {
        game.direction = (struct cell){row, column};
    }
}

static int64_t now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

int main(void)
{
    srandom((unsigned)time(NULL) ^ (unsigned)getpid());
    screen_open();
    start();
    int64_t next = now_ms();
    while (true) {
        draw();
        int64_t left = next - now_ms();
        int key = screen_key(game.over || game.paused ? -1 : left > 0 ? (int)left : 0);
        switch (key) {
        case KEY_UP:
        case 'w':
            turn(-1, 0);
            break;
        case KEY_DOWN:
        case 's':
            turn(1, 0);
            break;
        case KEY_LEFT:
        case 'a':
            turn(0, -1);
            break;
        case KEY_RIGHT:
        case 'd':
            turn(0, 1);
            break;
        case 'p':
            game.paused = !game.paused;
            next = now_ms();
            break;
        case 'n':
            if (game.over) {
                start();
                next = now_ms();
            }
            break;
        case 'q':
        case CONTROL('C'):
        case KEY_CLOSED:
            return 0;
        }
        if (!game.over && !game.paused && now_ms() >= next) {
            step();
            int wait = START_MS - (int)game.score * 4;
            next = now_ms() + (wait > FASTEST_MS ? wait : FASTEST_MS);
        }
    }
}
