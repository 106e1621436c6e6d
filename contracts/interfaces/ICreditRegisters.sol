// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title The registers of the authorities: append-only, witnessed by the other members
/// @notice One register an authority. Batches of entries are appended by the owner, replayed and attested or objected
/// to by the others; an objection is ruled on by the council. Nothing is ever deleted: annulling takes back a root,
/// and the same entries must then be anchored again.
interface ICreditRegisters {
    /// @notice What the council sets. A batch keeps the parameters that it was appended under.
    struct Parameters {
        /// Regions other than the owner's of which members must have attested before quiet time may witness: 1 or 2.
        uint8 quorumRegions;
        /// Time without an objection after which that quorum is enough, in seconds.
        uint32 quietSeconds;
        /// Time without an objection after which a batch is final, in seconds; longer than the quiet time.
        uint32 finalSeconds;
        /// How long a superseded batch may still be answered under, in seconds.
        uint32 graceSeconds;
    }

    /// @notice One entry as it goes on chain: the operation in the top byte and the 248-bit subject key, then the body.
    struct Entry {
        bytes32 opAndKey;
        bytes32 body;
    }

    /// @notice How a root stands when something is to be answered under it.
    enum Standing {
        /// The register's latest root.
        Current,
        /// Superseded, and within grace.
        WithinGrace,
        /// As one of the two above, in a register whose owner has been silent longer than it promised.
        Stale,
        /// The last uncontested root of a contested register, or one within grace there.
        Contested,
        /// Nothing may be answered under it. This includes every root of a register whose annulled entries have not all
        /// come again: an answer would leave out entries that were anchored.
        NotUsable
    }

    /// @notice A register as it stands now.
    struct RegisterView {
        uint256 owner;
        bytes32 secretCommit;
        uint64 openedAt;
        uint32 promiseSeconds;
        /// Sequence number of the head; 0 while the register is empty.
        uint64 headSeq;
        bytes32 root;
        /// Entries under the current root.
        uint64 size;
        /// When the owner last stood by the current root (batch or heartbeat).
        uint64 lastStoodAt;
        bool contested;
        /// Batches whose entries must come again before anything new.
        uint64 owedBatches;
    }

    /// @notice A batch as it stands now.
    struct BatchView {
        uint256 registerId;
        uint64 seq;
        uint64 prevSeq;
        /// Place among the batches that hold, from 1; kept by annulled batches.
        uint64 position;
        bytes32 batchHash;
        bytes32 prevRoot;
        bytes32 newRoot;
        bytes32 entriesHash;
        /// Entries in this batch.
        uint32 size;
        uint64 time;
        uint64 blockNumber;
        /// When the next batch came; 0 while this is the head.
        uint64 supersededAt;
        /// When the owner last stood by this root as the head.
        uint64 lastStoodAt;
        /// Regions other than the owner's that attested, a bit for each by its index in `regions()`.
        uint8 regionsAttested;
        uint16 attestations;
        bool witnessed;
        bool contested;
        bool isFinal;
        bool annulled;
        /// From when on the quorum is enough, and from when on nobody may object.
        uint64 quietUntil;
        uint64 objectionsUntil;
    }

    /// @notice An objection that has not been ruled on.
    struct Objection {
        uint64 seq;
        uint256 memberId;
        bytes32 expectedRoot;
        uint64 time;
    }

    event ParametersSet(uint8 quorumRegions, uint32 quietSeconds, uint32 finalSeconds, uint32 graceSeconds);
    event RegisterOpened(
        uint256 indexed registerId,
        uint256 indexed owner,
        bytes32 secretCommit,
        uint32 promiseSeconds
    );
    event BatchAppended(
        uint256 indexed registerId,
        uint64 indexed seq,
        bytes32 indexed batchHash,
        bytes32 prevRoot,
        bytes32 newRoot,
        bytes32 entriesHash,
        Entry[] entries
    );
    event Heartbeat(uint256 indexed registerId, bytes32 root, uint64 time);
    event BatchAttested(
        uint256 indexed registerId,
        uint64 indexed seq,
        bytes32 indexed batchHash,
        uint256 memberId,
        uint32 region
    );
    /// @dev Members of all other regions have attested. Witnessing by quorum and quiet time happens without an event.
    event BatchWitnessed(uint256 indexed registerId, uint64 indexed seq, bytes32 indexed batchHash);
    event BatchObjected(
        uint256 indexed registerId,
        uint64 indexed seq,
        bytes32 indexed batchHash,
        uint256 memberId,
        bytes32 expectedRoot
    );
    event BatchRuled(
        uint256 indexed registerId,
        uint64 indexed seq,
        bytes32 indexed batchHash,
        bool upheld,
        bytes32 reasonHash
    );
    event ObjectionClosed(
        uint256 indexed registerId,
        uint64 indexed seq,
        uint256 indexed memberId,
        Outcome outcome
    );
    /// @dev The batches at `fromPosition` and after it no longer hold; the head is `headSeq` again.
    event RootsAnnulled(
        uint256 indexed registerId,
        uint64 fromPosition,
        uint64 annulledBatches,
        uint64 headSeq,
        bytes32 root
    );
    event ObjectorRestored(uint256 indexed registerId, uint256 indexed memberId);

    /// @notice How an objection ended. `Moot`: an earlier batch was annulled, and this one with it.
    enum Outcome {
        Dismissed,
        Upheld,
        Moot
    }

    error NotCouncil(address caller);
    error InvalidParameters(
        uint8 quorumRegions,
        uint32 quietSeconds,
        uint32 finalSeconds,
        uint32 graceSeconds
    );
    error NotAnAuthority(uint256 memberId);
    error SecretCommitTaken(bytes32 secretCommit, uint256 registerId);
    error InvalidPromise(uint32 promiseSeconds);
    error RegisterAlreadyOpen(uint256 memberId, uint256 registerId);
    error UnknownRegister(uint256 registerId);
    error NotOpenYet(uint256 registerId, uint64 openedAt);
    error NotRegisterOwner(uint256 registerId, uint256 memberId);
    error WrongPrevRoot(uint256 registerId, bytes32 prevRoot, bytes32 currentRoot);
    error RootAlreadyUsed(uint256 registerId, bytes32 root, uint64 seq);
    error InvalidBatchSize(uint256 size);
    error InvalidEntryOp(uint256 index, uint8 op);
    error InvalidEntryKey(uint256 index);
    error EntriesOutOfOrder(uint256 index);
    error InvalidEntryBody(uint256 index, bytes32 body);
    error RegisterContested(uint256 registerId, uint64 seq);
    error EntriesOwed(uint256 registerId, uint64 owedBatches);
    error EntriesMustComeAgain(uint256 registerId, bytes32 expectedEntriesHash, bytes32 entriesHash);
    error UnknownBatch(bytes32 batchHash);
    error UnknownBatchSeq(uint256 registerId, uint64 seq);
    error UnknownPosition(uint256 registerId, uint64 position);
    error BatchAnnulled(bytes32 batchHash);
    error BatchContested(uint256 registerId, uint64 seq);
    error NothingToAttest();
    error OwnBatch(bytes32 batchHash, uint256 memberId);
    error AlreadyAttested(bytes32 batchHash, uint256 memberId);
    error ObjectionOpen(uint256 registerId, uint256 memberId);
    error BatchFinal(bytes32 batchHash);
    error ExpectedRootIsBatchRoot(bytes32 batchHash);
    error ObjectorBarred(uint256 registerId, uint256 memberId);
    error ObjectorNotBarred(uint256 registerId, uint256 memberId);
    error NotContested(uint256 registerId, uint64 seq);
    error NotEarliestContested(uint256 registerId, uint64 seq, uint64 earliestSeq);

    /// @notice Sets the parameters of batches to come. Council only.
    /// @param parameters_ The parameters.
    function setParameters(Parameters calldata parameters_) external;

    /// @notice Opens the caller's first register. Operator key of an active authority.
    /// @dev A commitment seen in a pending transaction can be copied, which only makes the honest owner choose another
    /// secret: whoever copied it cannot prove anything under it.
    /// @param secretCommit H2(1, secret); used by no other register.
    /// @param promiseSeconds Longest time that the owner will let pass between batches or heartbeats.
    /// @return registerId The register's id, counted from 1.
    function open(bytes32 secretCommit, uint32 promiseSeconds) external returns (uint256 registerId);

    /// @notice Opens a further register for an authority, or a successor's. Council only.
    /// @param memberId An active authority.
    /// @param secretCommit As in `open`.
    /// @param promiseSeconds As in `open`.
    /// @return registerId The register's id.
    function openFor(
        uint256 memberId,
        bytes32 secretCommit,
        uint32 promiseSeconds
    ) external returns (uint256 registerId);

    /// @notice Appends a batch. Operator key of the owner; not while contested; owed entries first.
    /// @param registerId The register.
    /// @param prevRoot Must be the current root (compare and set).
    /// @param newRoot The root after these entries; never one that the register had.
    /// @param entries 1 to 1,024 entries sorted by key, those of one key in their order.
    /// @return seq The batch's sequence number, never used again.
    function append(
        uint256 registerId,
        bytes32 prevRoot,
        bytes32 newRoot,
        Entry[] calldata entries
    ) external returns (uint64 seq);

    /// @notice The owner stands by its current root now. Operator key of the owner; not while contested or owing.
    /// @param registerId The register.
    function heartbeat(uint256 registerId) external;

    /// @notice Attests batches whose replay gave the same root. Witness key of an active authority; all or nothing.
    /// @param batchHashes The batches; none of them the caller's own, annulled, or attested by it before.
    function attest(bytes32[] calldata batchHashes) external;

    /// @notice Objects to a batch whose replay gave another root. Witness key of an active authority.
    /// @param batchHash A batch that is not final, not the caller's own, and not attested by it.
    /// @param expectedRoot What the caller's replay gave.
    function object(bytes32 batchHash, bytes32 expectedRoot) external;

    /// @notice Rules on all open objections to the earliest contested batch. Council only.
    /// @param registerId The register.
    /// @param seq That batch.
    /// @param upheld True annuls its root and all after it; false makes it final and bars its objectors here.
    /// @param reasonHash Hash of the written reason.
    function rule(uint256 registerId, uint64 seq, bool upheld, bytes32 reasonHash) external;

    /// @notice Lets a barred member object to this register again. Council only.
    /// @param registerId The register.
    /// @param memberId The member.
    function restoreObjector(uint256 registerId, uint256 memberId) external;

    /// @notice The root of every empty register: the sentinel leaf alone.
    function EMPTY_ROOT() external view returns (bytes32);

    /// @notice The parameters of batches to come.
    function parameters() external view returns (Parameters memory);

    /// @notice A register as it stands now; reverts when there is none.
    /// @param registerId The register.
    function register(uint256 registerId) external view returns (RegisterView memory);

    /// @notice How many registers there are.
    function registerCount() external view returns (uint256);

    /// @notice The registers of a member, in the order of opening.
    /// @param memberId The member.
    function registersOf(uint256 memberId) external view returns (uint256[] memory);

    /// @notice The register that uses a commitment; 0 for none.
    /// @param secretCommit The commitment.
    function registerOfSecret(bytes32 secretCommit) external view returns (uint256 registerId);

    /// @notice A batch as it stands now; reverts when there is none. Seq 0 is the empty register.
    /// @param registerId The register.
    /// @param seq The batch.
    function batch(uint256 registerId, uint64 seq) external view returns (BatchView memory);

    /// @notice Which batch a hash names; (0, 0) for none.
    /// @param batchHash The hash.
    function batchByHash(bytes32 batchHash) external view returns (uint256 registerId, uint64 seq);

    /// @notice The head of a register, whatever its state.
    /// @param registerId The register.
    function current(uint256 registerId) external view returns (BatchView memory);

    /// @notice The latest batch that is witnessed and not contested.
    /// @param registerId The register.
    function latestWitnessed(uint256 registerId) external view returns (BatchView memory);

    /// @notice The batch that was the head at a time, among the batches that hold today.
    /// @param registerId The register.
    /// @param time Seconds since 1970; not before the register was opened.
    function asOf(uint256 registerId, uint64 time) external view returns (BatchView memory);

    /// @notice The batch at a position among those that hold today (0 = the empty register).
    /// @param registerId The register.
    /// @param position The position.
    function batchAt(uint256 registerId, uint64 position) external view returns (BatchView memory);

    /// @notice How a batch stands for answering under it now. Never reverts for a known register.
    /// @param registerId The register.
    /// @param batchHash The batch; zero for the empty register.
    /// @return standing `NotUsable` or how it may be used.
    /// @return reason Selector of the error that says why it is not usable; zero when it is.
    /// @return seq The batch's number.
    function usable(
        uint256 registerId,
        bytes32 batchHash
    ) external view returns (Standing standing, bytes4 reason, uint64 seq);

    /// @notice What a claim is checked against; reverts when the batch is annulled or contested now.
    /// @param registerId The register.
    /// @param seq The batch.
    function claimBasis(
        uint256 registerId,
        uint64 seq
    ) external view returns (bytes32 root, bytes32 secretCommit);

    /// @notice The owner of a register; 0 when there is no such register.
    /// @param registerId The register.
    function ownerOf(uint256 registerId) external view returns (uint256 memberId);

    /// @notice The open objections of a register.
    /// @param registerId The register.
    function openObjections(uint256 registerId) external view returns (Objection[] memory);

    /// @notice Whether a member may not object to a register until restored.
    /// @param registerId The register.
    /// @param memberId The member.
    function isBarred(uint256 registerId, uint256 memberId) external view returns (bool);

    /// @notice Whether a member attested a batch.
    /// @param batchHash The batch.
    /// @param memberId The member.
    function hasAttested(bytes32 batchHash, uint256 memberId) external view returns (bool);

    /// @notice The hashes of the entries that must come again, in order.
    /// @param registerId The register.
    function owed(uint256 registerId) external view returns (bytes32[] memory entriesHashes);

    /// @dev Reasons of `usable`.
    error NotWitnessed(bytes32 batchHash);
    error Superseded(bytes32 batchHash, uint64 supersededAt);
}
