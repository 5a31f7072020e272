"""The machine: pure, table-driven; decides what every event means in every state."""
