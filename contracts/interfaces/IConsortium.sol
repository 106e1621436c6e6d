// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Who belongs to the ledger, with which keys, and what the council has put in force
/// @notice Members, regions, the council, and the pinned contracts, circuits and catalogue.
/// @dev Everything has one value a block: what is changed in block N holds from block N + 1, so that an act and a
/// change in the same block never leave it open which came first. Only what did not exist before (an admission, the
/// first contract of a name, a new circuit) holds at once.
interface IConsortium {
    /// @notice What a member may do. Only an authority keeps a register, attests and objects.
    enum Role {
        None,
        Authority,
        Requester,
        Association
    }

    /// @notice Where a member stands. `Left` is for good.
    enum Status {
        None,
        Active,
        Suspended,
        Left
    }

    /// @notice What the council says of a new member.
    struct MemberInput {
        /// Name of the agency.
        string name;
        /// GB/T 2260 code of the place; its first two digits are the region.
        uint32 regionCode;
        /// The member's own unified social credit code, 18 characters.
        string creditCode;
        Role role;
        /// Base URL of the member's node; may be empty.
        string endpoint;
        /// Key that acts for the member and signs its requests and answers.
        address operator;
        /// Key that attests and objects. Must be zero for members that are not authorities.
        address witness;
    }

    /// @notice A member as it stands in the current block.
    struct MemberView {
        string name;
        uint32 regionCode;
        /// The region: 110000, 120000 or 130000 in the founding consortium.
        uint32 region;
        string creditCode;
        Role role;
        string endpoint;
        Status status;
        address operator;
        address witness;
        uint64 admittedAtBlock;
    }

    /// @notice One call of a proposal, made by this contract when two regions have approved.
    struct Call {
        address target;
        bytes data;
    }

    /// @notice A proposal and how it stands.
    struct ProposalView {
        /// Region whose seat proposed it; 0 when there is no such proposal.
        uint32 region;
        string summary;
        Call[] calls;
        uint64 proposedAt;
        uint64 expiresAt;
        bool executed;
        /// Approvals that count now: given by the key that holds the seat today.
        uint8 approvals;
    }

    event ProposalMade(
        uint256 indexed id,
        uint32 indexed region,
        address seat,
        uint64 expiresAt,
        string summary,
        Call[] calls
    );
    event ProposalApproved(uint256 indexed id, uint32 indexed region, address seat);
    event ApprovalWithdrawn(uint256 indexed id, uint32 indexed region, address seat);
    event ProposalExecuted(uint256 indexed id);
    event SeatSet(uint32 indexed region, address indexed seat, address previousSeat);

    event MemberAdmitted(
        uint256 indexed memberId,
        string name,
        uint32 regionCode,
        uint32 indexed region,
        string creditCode,
        Role role,
        string endpoint,
        address operator,
        address witness
    );
    event MemberSuspended(uint256 indexed memberId, bytes32 reasonHash, uint64 fromBlock);
    event MemberReinstated(uint256 indexed memberId, uint64 fromBlock);
    event MemberRemoved(uint256 indexed memberId, uint64 fromBlock);
    /// @dev Replaces every change of this member's keys that had not come into effect.
    event KeysChanged(uint256 indexed memberId, address operator, address witness, uint64 fromBlock);
    event EndpointSet(uint256 indexed memberId, string endpoint);

    event ContractPutInForce(
        bytes32 indexed name,
        address indexed contract_,
        uint32 version,
        uint64 fromBlock
    );
    event CatalogueSet(uint32 indexed version, bytes32 hash);
    event CircuitPutInForce(bytes32 indexed circuitId, uint16 size, address verifier, uint64 fromBlock);
    event CircuitRetired(bytes32 indexed circuitId, uint64 toBlock);

    error NotCouncil(address caller);
    error NotASeat(address caller);
    error InvalidRegion(uint32 region);
    error InvalidSeat(uint32 region, address seat);
    error NoCalls();
    error UnknownProposal(uint256 id);
    error ProposalExpired(uint256 id, uint64 expiredAt);
    error ProposalAlreadyExecuted(uint256 id);
    error AlreadyApproved(uint256 id, uint32 region);
    error NotApproved(uint256 id, uint32 region);

    error UnknownMember(uint256 memberId);
    error InvalidRole(Role role);
    error InvalidKey(address key);
    error KeyTaken(address key, uint256 memberId);
    error InvalidText(string what, uint256 length);
    error CreditCodeTaken(string creditCode, uint256 memberId);
    error WrongStatus(uint256 memberId, Status status);
    error InvalidFromBlock(uint64 fromBlock, uint64 earliest, uint64 latest);
    error NotOperator(address caller);
    error NotWitness(address caller);
    error MemberNotActive(uint256 memberId, Status status);

    error InvalidName();
    error NotAContract(address target);
    error VersionNotNewer(uint32 version, uint32 current);
    error InvalidCatalogueHash();
    error InvalidCircuit(bytes32 circuitId, uint16 size);
    error CircuitKnown(bytes32 circuitId);
    error CircuitNotInForce(bytes32 circuitId);

    // ---- council -------------------------------------------------------------------------------------------------

    /// @notice Puts calls before the council; counts as the proposing region's approval.
    /// @dev The id is a hash of the content, so that an approval can never land on other calls than those that the
    /// approver read, whatever the order of blocks.
    /// @param calls What is to be called, in order, all or nothing.
    /// @param summary What it is for, in words.
    /// @return id The proposal's id.
    function propose(Call[] calldata calls, string calldata summary) external returns (uint256 id);

    /// @notice Approves a proposal for the caller's region. The approval that makes two regions executes all calls.
    /// @dev A call that fails undoes the whole transaction, the approval with it, and its error comes through.
    /// @param id The proposal.
    function approve(uint256 id) external;

    /// @notice Takes back the approval of the caller's region.
    /// @param id The proposal, not yet executed.
    function withdraw(uint256 id) external;

    /// @notice A proposal and how it stands.
    /// @param id The proposal.
    function proposal(uint256 id) external view returns (ProposalView memory);

    /// @notice Whether the given region's approval counts now.
    /// @param id The proposal.
    /// @param region The region.
    function approvedBy(uint256 id, uint32 region) external view returns (bool);

    // ---- members: council only, except setEndpoint -----------------------------------------------------------------

    /// @notice Admits a member. Council only. Holds at once.
    /// @param input The new member.
    /// @return memberId Its id, counted from 1, its own for ever.
    function admit(MemberInput calldata input) external returns (uint256 memberId);

    /// @notice Suspends an active member from the next block on; its history stays valid. Council only.
    /// @param memberId The member.
    /// @param reasonHash Hash of the written reason.
    function suspend(uint256 memberId, bytes32 reasonHash) external;

    /// @notice Lets a suspended member act again from the next block on. Council only.
    /// @param memberId The member.
    function reinstate(uint256 memberId) external;

    /// @notice Ends a membership for good from the next block on; its history stays valid. Council only.
    /// @param memberId The member.
    function remove(uint256 memberId) external;

    /// @notice Changes a member's keys from a coming block on, and drops changes that were still to come. Council only.
    /// @dev A key belongs to one member, in one role, for ever: a signature found later always has one author.
    /// @param memberId The member.
    /// @param operator Its operator key from then on.
    /// @param witness Its witness key from then on (zero when it is not an authority).
    /// @param fromBlock First block of the new keys: later than this one, at most 1,000,000 blocks ahead.
    function changeKeys(uint256 memberId, address operator, address witness, uint64 fromBlock) external;

    /// @notice Gives a region's seat to another key. Approvals of the old key no longer count. Council only.
    /// @param region One of the three regions.
    /// @param seat The new key.
    function setSeat(uint32 region, address seat) external;

    /// @notice Tells where the caller's node is reached. Operator key of an active member.
    /// @param endpoint Base URL, at most 256 bytes; empty for none.
    function setEndpoint(string calldata endpoint) external;

    // ---- rules: council only -----------------------------------------------------------------------------------------

    /// @notice Names the contract in force under a name. Council only.
    /// @param name Hash of the contract's name.
    /// @param contract_ The contract.
    /// @param version Higher than the version in force.
    function putInForce(bytes32 name, address contract_, uint32 version) external;

    /// @notice Names the catalogue of kinds, domains and applications in force. Council only.
    /// @param version Higher than the version in force.
    /// @param hash Hash of the catalogue's canonical bytes.
    function setCatalogue(uint32 version, bytes32 hash) external;

    /// @notice Puts a circuit in force. An id belongs to one verifier for good. Council only.
    /// @param circuitId Hash of name, size and verification key.
    /// @param size Entries that the circuit can prove.
    /// @param verifier Its Groth16 verifier.
    function putCircuit(bytes32 circuitId, uint16 size, address verifier) external;

    /// @notice Takes a circuit out of force from the next block on, for good. Council only.
    /// @param circuitId The circuit.
    function retireCircuit(bytes32 circuitId) external;

    // ---- views -------------------------------------------------------------------------------------------------------

    /// @notice A member as it stands now; reverts when there is none.
    /// @param memberId The member.
    function member(uint256 memberId) external view returns (MemberView memory);

    /// @notice How many members were ever admitted.
    function memberCount() external view returns (uint256);

    /// @notice The member whose operator key this is in the current block, whatever its status; 0 for none.
    /// @param key The key.
    function memberOfOperator(address key) external view returns (uint256 memberId);

    /// @notice The member whose witness key this is in the current block, whatever its status; 0 for none.
    /// @param key The key.
    function memberOfWitness(address key) external view returns (uint256 memberId);

    /// @notice The operator key of a member in a block; zero before its admission.
    /// @param memberId The member.
    /// @param blockNumber The block.
    function operatorAt(uint256 memberId, uint256 blockNumber) external view returns (address);

    /// @notice The witness key of a member in a block; zero for none.
    /// @param memberId The member.
    /// @param blockNumber The block.
    function witnessAt(uint256 memberId, uint256 blockNumber) external view returns (address);

    /// @notice The status of a member in a block.
    /// @param memberId The member.
    /// @param blockNumber The block.
    function statusAt(uint256 memberId, uint256 blockNumber) external view returns (Status);

    /// @notice Whether a member was active in a block.
    /// @param memberId The member.
    /// @param blockNumber The block.
    function activeAt(uint256 memberId, uint256 blockNumber) external view returns (bool);

    /// @notice Role and region of a member, which never change; (None, 0) when there is none.
    /// @param memberId The member.
    function roleAndRegion(uint256 memberId) external view returns (Role role, uint32 region);

    /// @notice The three regions, in the order that bit masks use.
    function regions() external view returns (uint32[3] memory);

    /// @notice Which of the three regions this is, from 0; reverts for any other.
    /// @param region The region.
    function regionIndex(uint32 region) external view returns (uint8);

    /// @notice The key that holds a region's seat; zero when there is no such region.
    /// @param region The region.
    function seatOf(uint32 region) external view returns (address);

    /// @notice The contract in force under a name; zero for none.
    /// @param name Hash of the contract's name.
    function contractInForce(bytes32 name) external view returns (address);

    /// @notice The contract that was in force under a name in a block; zero for none.
    /// @param name Hash of the contract's name.
    /// @param blockNumber The block.
    function contractAt(bytes32 name, uint64 blockNumber) external view returns (address);

    /// @notice A circuit: in force from `fromBlock`, up to and without `toBlock` (0 = no end). All zero when unknown.
    /// @param circuitId The circuit.
    function circuit(
        bytes32 circuitId
    ) external view returns (uint16 size, address verifier, uint64 fromBlock, uint64 toBlock);

    /// @notice Whether a circuit is in force in the current block.
    /// @param circuitId The circuit.
    function circuitInForce(bytes32 circuitId) external view returns (bool);

    /// @notice The catalogue in force.
    function catalogue() external view returns (uint32 version, bytes32 hash);

    /// @notice The active member that this operator key acts for; reverts when there is none.
    /// @param key The key.
    function requireOperator(address key) external view returns (uint256 memberId);

    /// @notice The active authority that this witness key acts for; reverts when there is none.
    /// @param key The key.
    /// @return memberId The authority.
    /// @return region Its region.
    function requireWitness(address key) external view returns (uint256 memberId, uint32 region);
}
