Feature: The server behind the printed proxy examples
  The printed examples of nginx and Apache send the identity in headers with certain names. With the options
  that name these headers, the server signs the user in and stores the profile.

  @EX-016 @documented
  Scenario: The defaults of the server fit the basic examples
    When "alice" signs in
    Then "alice" is signed in
    And the username of "alice" is "alice"

  @EX-069 @documented
  Scenario Outline: With the names of the headers in the profile examples, the server stores the <attribute>
    Given a server configured with:
      | ProxyAuth.FirstNameHeader | X-Auth-Firstname |
      | ProxyAuth.LastNameHeader  | X-Auth-Lastname  |
      | ProxyAuth.EmailHeader     | X-Auth-Email     |
    And "alice" has the <attribute> "<value>" at the proxy
    When "alice" signs in
    Then the <attribute> of "alice" is "<value>"

    Examples:
      | attribute  | value             |
      | first name | Alice             |
      | last name  | Liddell           |
      | email      | alice@example.com |

  @EX-087 @EX-089 @documented
  Scenario: With the names of the headers in the unique-id examples, the unique id is the identity
    Given a server configured with:
      | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
      | ProxyAuth.UsernameHeader | X-Auth-Username |
    And "alice" has signed in
    And "alice" has the username "alison" at the proxy
    When "alice" signs in again
    Then "alice" has the same account as before (EX-087, EX-089)
    And the username of "alice" is "alison" (EX-087)

  @PA-154
  Scenario: A UUID as unique id identifies the user
    Given a server configured with:
      | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
      | ProxyAuth.UsernameHeader | X-Auth-Username |
    And "alice" has exactly the unique id "f81d4fae-7dec-11d0-a765-00a0c91e6bf6" at the proxy
    When "alice" signs in
    Then "alice" is signed in
    And the username of "alice" is "alice"
