// 2048: equal numbers that are pushed together add up.
#include "user/libc/command.h"
#include "user/libc/screen.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SIZE 4

struct game {
    unsigned board[SIZE][SIZE]; // exponents of 2; 0: empty
    unsigned score;
    bool won, over;
};

// The i-th cell of the n-th line that is pushed, counted from where it is pushed to.
static unsigned *cell(struct game *game, int key, int line, int i)
{
    int back = SIZE - 1 - i;
    switch (key) {
    case KEY_LEFT:
        return &game->board[line][i];
    case KEY_RIGHT:
        return &game->board[line][back];
    case KEY_UP:
        return &game->board[i][line];
    default:
        return &game->board[back][line];
    }
}

// Pushes all numbers in a direction. Whether anything moved.
static bool push(struct game *game, int key)
{
    bool moved = false;
    for (int line = 0; line < SIZE; line++) {
        unsigned result[SIZE] = {0};
        int count = 0;
        bool joined = true; // the last one may not be joined again
        for (int i = 0; i < SIZE; i++) {
            unsigned value = *cell(game, key, line, i);
            if (value == 0) {
                continue;
            }
            if (!joined && result[count - 1] == value) {
                game->score += 2u << value;
                game->won |= ++result[count - 1] == 11;
                joined = true;
            } else {
                result[count++] = value;
                joined = false;
            }
        }
        for (int i = 0; i < SIZE; i++) {
            moved |= *cell(game, key, line, i) != result[i];
            *cell(game, key, line, i) = result[i];
        }
    }
    return moved;
}

static void add_number(struct game *game)
{
    unsigned *empty[SIZE * SIZE];
    size_t count = 0;
    for (int i = 0; i < SIZE * SIZE; i++) {
        if (game->board[i / SIZE][i % SIZE] == 0) {
            empty[count++] = &game->board[i / SIZE][i % SIZE];
        }
    }
    if (count > 0) {
        *empty[(size_t)random() % count] = random() % 10 == 0 ? 2 : 1;
    }
    game->over = true;
    for (int key = KEY_UP; key <= KEY_LEFT; key++) {
        struct game next = *game;
        game->over &= !push(&next, key);
    }
}

static void draw(struct game *game)
{
    static const char *const styles[] = {"", "37", "36", "1;36", "32", "1;32", "33",
                                         "1;33", "31", "1;31", "35", "1;35"};
    screen_begin();
    screen_row(0);
    screen_format(" 2048   score %u   %s", game->score,
                  game->over  ? "No more moves: n begins anew, q ends"
                  : game->won ? "You made it! Go on, or q"
                              : "arrows or wasd, n new, q ends");
    for (unsigned row = 0; row < SIZE * 4 + 1; row++) {
        screen_row(row + 2);
        for (int column = 0; column < SIZE; column++) {
            unsigned value = game->board[row / 4 % SIZE][column];
            if (row % 4 == 0) {
                screen_text("+---------");
                continue;
            }
            screen_put('|');
            screen_style(styles[value < 11 ? value : 11]);
            if (row % 4 == 2 && value > 0) {
                screen_format("%6u   ", 1u << value);
            } else {
                screen_text("         ");
            }
            screen_style("");
        }
        screen_put(row % 4 == 0 ? '+' : '|');
    }
    screen_show_hidden();
}

static void start(struct game *game)
{
    memset(game, 0, sizeof(*game));
    add_number(game);
    add_number(game);
}

int main(void)
{
    static const char letters[] = "wsda"; // in the order of the arrows' keys
    struct game game;
    srandom((unsigned)time(NULL) ^ (unsigned)getpid());
    start(&game);
    screen_open();
    while (true) {
        draw(&game);
        int key = screen_key(-1);
        if (key == 'q' || key == CONTROL('C') || key == KEY_CLOSED) {
            return 0;
        }
        if (key == 'n') {
            start(&game);
        }
        const char *letter = key > 0 && key < 0x80 ? strchr(letters, key) : NULL;
        if (letter != NULL) {
            key = KEY_UP + (int)(letter - letters);
        }
        if (key >= KEY_UP && key <= KEY_LEFT && push(&game, key)) {
            add_number(&game);
        }
    }
}
