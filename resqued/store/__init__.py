"""The protocol carried out over a wire: `slate` for workers, `catalog` for clients, `vigil` for waiting."""
