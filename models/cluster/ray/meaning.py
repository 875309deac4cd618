"""What Ray's errors mean for a training, by what is to be done about it."""

from __future__ import annotations

from models.cluster.errors import ExecutorError, LostError, TooLargeError
from models.cluster.memory import human
from models.cluster.order import Order

__all__ = ["meaning"]


def meaning(error: BaseException, order: Order, node: str) -> ExecutorError:
    """The project's error for one of Ray's.

    Args:
        error: what came in place of a result.
        order: of what.
        node: which had begun it, or "".
    """
    from ray import exceptions as of_ray

    where = f"on the node {node}" if node else "before it began"
    why = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    if isinstance(error, of_ray.OutOfMemoryError):
        return TooLargeError(
            f"got no memory for {order.name} {where} ({why}), wanted some {human(order.memory)}: choose "
            "larger nodes, or fewer --networks"
        )
    lost = (
        of_ray.WorkerCrashedError,
        of_ray.NodeDiedError,
        of_ray.ObjectLostError,
        of_ray.LocalRayletDiedError,
    )
    if isinstance(error, (*lost, StopIteration)):
        return LostError(
            f"got no end of {order.name}: its process or node was lost {where}, {type(error).__name__}; it "
            f"wants some {human(order.memory)} of memory"
        )
    if isinstance(error, of_ray.RuntimeEnvSetupError):
        return ExecutorError(f"got no code of this checkout on a node for {order.name}: {error}")
    return ExecutorError(f"got no end of {order.name} {where}: {type(error).__name__}: {why}")
